"""Everything that a checkout starts together, and the private Redis under it."""
