"""Jobs in a notebook: live bars with buttons, forms, a table of jobs, charts, and the `%headway` magic."""

from headway.notebook.handle import Handle
from headway.notebook.watching import Handles, run, submit, watch

__all__ = ["Handle", "Handles", "run", "submit", "watch"]
