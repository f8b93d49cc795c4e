"""History: what happened to jobs, in SQL, where it outlives Redis."""
