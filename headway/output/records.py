"""What a job logs by Python's `logging`, taken into its log."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from headway.context import current_job

# What these say is about the job, and not said by it.
_WORKERS = ("headway", "rq")


class JobHandler(logging.Handler):
    """Passes records to the log of the running job, one line of it for each of the record's."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.addFilter(lambda record: not _workers(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        job = current_job()
        if job is None:
            return
        try:
            for line in self.format(record).splitlines():
                job.log(line)
        except Exception:
            self.handleError(record)


@contextmanager
def recorded(own_error: int) -> Iterator[None]:
    """Take what is logged inside the block, from INFO on.

    What the worker itself logs goes on to where it went, and so do the job's warnings: not a second time by way of what
    the job prints.

    Args:
        own_error: the descriptor of what was standard error before.
    """
    root = logging.getLogger()
    level, handler = root.level, JobHandler()
    stream = os.fdopen(os.dup(own_error), "w", buffering=1, errors="backslashreplace")
    moved = [(each, each.setStream(stream)) for each in _on_standard_streams(root)]
    quiet = _Quiet(level)
    for each, _ in moved:
        each.addFilter(quiet)
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        # A job may have closed any descriptor.
        for each, before in moved:
            each.removeFilter(quiet)
            with suppress(ValueError, OSError):
                each.setStream(before)
        with suppress(OSError):
            stream.close()


class _Quiet(logging.Filter):
    """Lets pass what passed before the root's level was lowered."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._level or _workers(record)


def _workers(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _WORKERS


def _on_standard_streams(root: logging.Logger) -> list[Any]:
    loggers = [root, *(found for found in root.manager.loggerDict.values() if isinstance(found, logging.Logger))]
    workers = [logger for logger in loggers if logger is root or logger.name.partition(".")[0] in _WORKERS]
    return [
        each
        for logger in workers
        for each in logger.handlers
        if isinstance(each, logging.StreamHandler) and not isinstance(each, logging.FileHandler)
    ]
