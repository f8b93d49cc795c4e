"""The example tasks; importing this package registers all of them."""

from worker.examples.long_task import long_task
from worker.examples.profile_table import profile_table

__all__ = ["long_task", "profile_table"]
