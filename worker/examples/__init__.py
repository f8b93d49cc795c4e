"""The example tasks; importing this package registers all of them."""

from worker.examples.bootstrap_delays import bootstrap_delays
from worker.examples.long_task import long_task
from worker.examples.profile_table import profile_table
from worker.examples.search_digits import search_digits
from worker.examples.train_digits import train_digits

__all__ = ["bootstrap_delays", "long_task", "profile_table", "search_digits", "train_digits"]
