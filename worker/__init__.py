"""The processes that run jobs, and the example jobs they run."""
