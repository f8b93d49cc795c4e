"""What jobs print, taken into their logs."""
