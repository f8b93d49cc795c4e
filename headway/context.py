"""The job that runs here: one per process in a work-horse, one per context in an engine with many."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

from headway.bar import Bar, Phase
from headway.child import ADDRESS, ChildJob


class Job(Protocol):
    """What the reporting functions ask of the running attempt."""

    asked: str

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take values; the flush thread writes them."""

    def metric(self, measured: Mapping[Any, object]) -> None:
        """Take one point of each name; the flush thread writes them."""

    def log(self, line: object) -> None:
        """Take a log line; the flush thread writes it."""

    def open_bar(
        self, desc: object, total: object, unit: object, weight: object, source: list[Any] | None = None
    ) -> Bar:
        """Begin a loop."""

    def open_phase(self, desc: object, weight: object, of: object) -> Phase:
        """Begin a phase."""

    def close_bar(self, bar: Bar, *, complete: bool = False) -> None:
        """End a loop or a phase."""

    def checkpoint(self) -> None:
        """Do what was asked of the job."""

    def save_checkpoint(self, value: object) -> None:
        """Keep a value for the job's next attempt; the flush thread writes it."""

    def load_checkpoint(self) -> Any:
        """What was kept last; None for nothing."""


class _Process:
    job: Job | None = None
    address: str | None = None


_process = _Process()
_context_job: ContextVar[Job | None] = ContextVar("headway_job", default=None)


def current_job() -> Job | None:
    """The running attempt, or None outside a job."""
    return _context_job.get() or _process.job


def set_process_job(job: Job | None, address: str | None = None) -> None:
    """Make `job` the one that this whole process runs, its threads included; None ends that.

    Processes that this one starts from now on report through the socket at `address`; None leaves them outside.
    """
    _process.job, _process.address = job, address
    if address is None:
        os.environ.pop(ADDRESS, None)
    else:
        os.environ[ADDRESS] = address


@contextmanager
def context_job(job: Job) -> Iterator[None]:
    """Make `job` the one that this context runs: this coroutine, the tasks that it starts, and `asyncio.to_thread`."""
    token = _context_job.set(job)
    try:
        yield
    finally:
        _context_job.reset(token)


def _in_forked_child() -> None:
    # It has neither the flush thread nor the right to write: the reporter is its parent's.
    if isinstance(_process.job, ChildJob):
        _process.job.abandon()
    _context_job.set(None)
    _process.job = None if _process.address is None else ChildJob(_process.address)


def _join_parents_job() -> None:
    address = os.environ.get(ADDRESS)
    if address and Path(address).exists():
        _process.job, _process.address = ChildJob(address), address


os.register_at_fork(after_in_child=_in_forked_child)
_join_parents_job()
