"""The job that runs here: one per process in a work-horse, one per context in an engine with many."""

import os
from contextvars import ContextVar
from typing import Protocol

from headway.bars import Bar, Number


class Job(Protocol):
    """What the reporting functions ask of the running attempt."""

    asked: str

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take values; the flush thread writes them."""

    def log(self, line: object) -> None:
        """Take a log line; the flush thread writes it."""

    def open_bar(self, desc: str, total: Number | None, unit: str, weight: float) -> Bar:
        """Begin a bar."""

    def close_bar(self, bar: Bar) -> None:
        """End a bar."""

    def checkpoint(self) -> None:
        """Do what was asked of the job."""


class _Process:
    job: Job | None = None


_process = _Process()


def _forget_in_child() -> None:
    # A forked child has neither the flush thread nor the right to write: the reporter is its parent's.
    _process.job = None


os.register_at_fork(after_in_child=_forget_in_child)
_context_job: ContextVar[Job | None] = ContextVar("headway_job", default=None)


def current_job() -> Job | None:
    """The running attempt, or None outside a job."""
    return _context_job.get() or _process.job


def set_process_job(job: Job | None) -> None:
    """Make `job` the one that this whole process runs, its threads included; None ends that."""
    _process.job = job
