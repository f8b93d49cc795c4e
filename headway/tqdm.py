"""tqdm's own class, reporting where a job runs it: `from headway.tqdm import tqdm` in place of `from tqdm import tqdm`.

Inside a job a bar draws nothing: its n, total, desc and unit are the job's, numbers in `set_postfix` are metrics, and
`write` is a log line. Outside a job it is `tqdm.auto.tqdm`, and leaves no thread behind.
"""

import atexit
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from headway.capture import capture
from headway.context import current_job
from headway.job_bar import logged, reporting

with warnings.catch_warnings():
    # Without ipywidgets a notebook gets text bars, and that is no fault of whoever imports this.
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm as auto_tqdm
from tqdm.contrib import concurrent

if TYPE_CHECKING:
    AutoTqdm = auto_tqdm[Any]
else:
    AutoTqdm = auto_tqdm

__all__ = ["capture", "process_map", "thread_map", "tqdm", "trange"]


class tqdm(AutoTqdm):  # noqa: N801 (tqdm's own name)
    """`tqdm.auto.tqdm`, reporting inside a job."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "tqdm":
        """A bar that draws, or inside a job one that reports."""
        if current_job() is None:
            return super().__new__(cls)
        bar: tqdm = reporting(cls)
        return bar

    def close(self) -> None:
        """End the bar, and with the last one tqdm's monitor thread."""
        super().close()
        own: Any = type(self)
        monitor = own.monitor
        if monitor is not None and not any(isinstance(bar, tqdm) for bar in list(own._instances)):
            own.monitor = None
            monitor.exit()
            # It would hold every monitor there ever was until the process ends.
            atexit.unregister(monitor._atexit_signal)

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
        """Log a line; outside a job, print it above the bars."""
        if not logged(s, file):
            super().write(s, file=file, end=end, nolock=nolock)


def trange(*args: int, **kwargs: Any) -> tqdm:
    """`tqdm(range(*args), **kwargs)`."""
    return tqdm(range(*args), **kwargs)


def thread_map(function: Any, *iterables: Iterable[Any], **kwargs: Any) -> list[Any]:
    """`tqdm.contrib.concurrent.thread_map` under a bar of this module."""
    return list(concurrent.thread_map(function, *iterables, **{"tqdm_class": tqdm, **kwargs}))


def process_map(function: Any, *iterables: Iterable[Any], **kwargs: Any) -> list[Any]:
    """`tqdm.contrib.concurrent.process_map` under a bar of this module."""
    return list(concurrent.process_map(function, *iterables, **{"tqdm_class": tqdm, **kwargs}))
