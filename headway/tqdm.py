"""tqdm's own class, reporting where a job runs it: `from headway.tqdm import tqdm` in place of `from tqdm import tqdm`.

Inside a job a bar draws nothing: its n, total, desc and unit are the job's, numbers in `set_postfix` are metrics, and
`write` is a log line. Outside a job it is `tqdm.auto.tqdm`, and leaves no thread behind.
"""

import atexit
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headway import values
from headway.bar import Bar
from headway.context import Job, current_job

with warnings.catch_warnings():
    # Without ipywidgets a notebook gets text bars, and that is no fault of whoever imports this.
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm as auto_tqdm
from tqdm.contrib import concurrent
from tqdm.std import tqdm as std_tqdm

if TYPE_CHECKING:
    StdTqdm = std_tqdm[Any]
    AutoTqdm = auto_tqdm[Any]
else:
    StdTqdm, AutoTqdm = std_tqdm, auto_tqdm

__all__ = ["capture", "process_map", "thread_map", "tqdm", "trange"]


class _Nowhere:
    """Where a reporting bar would draw."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


_NOWHERE = _Nowhere()


class _Undrawn(StdTqdm):
    """Right above tqdm's own class, below any that was made from it and may take other arguments."""

    _drawn = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # `file` may also be the fifth positional argument; a file of one's own gets what tqdm draws.
        self._drawn = len(args) > 4 or _is_own(kwargs.get("file"))
        if not self._drawn:
            kwargs["file"] = _NOWHERE
        if kwargs.get("disable", False) is None:
            # tqdm's "no bar where there is no terminal" is about drawing.
            kwargs["disable"] = False
        super().__init__(*args, **kwargs)


class JobBar(StdTqdm):
    """What a job's bars do instead of drawing; put in front of the class that was asked for."""

    _job: Job
    _bar: Bar | None = None
    _drawn: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        job = current_job()
        if self.disable or job is None:
            return
        self._job = job
        self._bar = job.open_bar(self._title, self.total, self.unit, 1.0)
        self._bar.n = self.n

    def __iter__(self) -> Iterator[Any]:
        """Yield the items, and report each one done."""
        bar = self._bar
        if bar is None or self.disable:
            yield from super().__iter__()
            return
        job, n = self._job, self.n
        try:
            for item in self.iterable:
                yield item
                n += 1
                self.n = bar.n = n
                if job.asked:
                    job.checkpoint()
        finally:
            self.close()

    def update(self, n: float | None = 1) -> bool | None:
        """Report n more."""
        drawn: bool | None = super().update(n)
        self._pass_on()
        if self._bar is not None and self._job.asked:
            self._job.checkpoint()
        return drawn

    def refresh(self, *args: Any, **kwargs: Any) -> Any:
        """Report what was changed by hand."""
        self._pass_on()
        return super().refresh(*args, **kwargs)

    def display(self, *args: Any, **kwargs: Any) -> Any:
        """Draw where there is a file of one's own."""
        return super().display(*args, **kwargs) if self._drawn else True

    def clear(self, *args: Any, **kwargs: Any) -> None:
        """Clear what was drawn."""
        if self._drawn:
            super().clear(*args, **kwargs)

    def reset(self, total: float | None = None) -> None:
        """Begin anew, at 0."""
        super().reset(total)
        self._pass_on()

    def close(self) -> None:
        """End the bar."""
        if not getattr(self, "disable", True) and self._bar is not None:
            self._pass_on()
            if self.total is None:
                # Who closes a bar of unknown total has come to its end.
                self._bar.total = self.n
            self._job.close_bar(self._bar)
        super().close()

    def set_postfix(self, ordered_dict: Any = None, refresh: bool | None = True, **kwargs: Any) -> None:
        """Record the numbers as metrics."""
        super().set_postfix(ordered_dict, refresh, **kwargs)
        if self._bar is not None:
            measured = _numbers({**dict(ordered_dict or {}), **kwargs})
            if measured:
                self._job.metric(measured)

    @property
    def _title(self) -> str:
        return str(self.desc).removesuffix(": ")

    def _pass_on(self) -> None:
        bar = self._bar
        if bar is not None and not bar.closed:
            bar.n, bar.total = self.n, self.total
            bar.desc, bar.unit = values.text(self._title, 200), values.text(self.unit, 40)


class tqdm(AutoTqdm):  # noqa: N801 (tqdm's own name)
    """`tqdm.auto.tqdm`, reporting inside a job."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "tqdm":
        """A bar that draws, or inside a job one that reports."""
        if current_job() is None:
            return super().__new__(cls)
        bar: tqdm = _reporting(cls)
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
        if not _logged(s, file):
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


@contextmanager
def capture() -> Iterator[None]:
    """Make other people's code report inside the `with` block: the bars of any class of tqdm's, and `tqdm.write`.

    For libraries that offer no way to give them a class. It holds for all threads until the last block is left that
    began meanwhile. Nothing changes outside a job.
    """
    _captured.take()
    try:
        yield
    finally:
        _captured.give_back()


class _Captured:
    """What `capture` changes in the class that all of tqdm's are made from, while anybody holds it."""

    def __init__(self) -> None:
        self._holders = 0
        self._originals: dict[str, Any] = {}
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._originals = {name: vars(std_tqdm)[name] for name in ("__new__", "write")}
                self._set(__new__=self._new(std_tqdm.__new__), write=self._write(self._originals["write"]))

    def give_back(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._set(**self._originals)

    def _set(self, **members: Any) -> None:
        for name, member in members.items():
            setattr(std_tqdm, name, member)

    def _new(self, original: Any) -> Any:
        def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
            reports = current_job() is not None and not issubclass(cls, JobBar)
            return _reporting(cls) if reports else original(cls, *args, **kwargs)

        return staticmethod(new)

    def _write(self, original: Any) -> Any:
        def write(cls: Any, s: Any, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
            if not _logged(s, file):
                original.__get__(None, cls)(s, file=file, end=end, nolock=nolock)

        return classmethod(write)


_captured = _Captured()
_classes: dict[Any, Any] = {}


def _reporting(cls: Any) -> Any:
    """A blank bar of `cls` that reports."""
    made = cls
    if not issubclass(cls, JobBar):
        bases = (JobBar, _Undrawn) if cls is std_tqdm else (JobBar, cls, _Undrawn)
        made = _classes.setdefault(cls, type(cls.__name__, bases, {"__module__": cls.__module__}))
    bar = object.__new__(made)
    with made.get_lock():
        made._instances.add(bar)
    return bar


def _logged(s: Any, file: Any) -> bool:
    """Log what would be printed above the bars; False outside a job, and for a file of one's own."""
    job = current_job()
    if job is None or _is_own(file):
        return False
    for line in str(s).splitlines() or [""]:
        job.log(line)
    return True


def _is_own(file: Any) -> bool:
    return file is not None and file is not sys.stdout and file is not sys.stderr


def _numbers(measured: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in measured.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return not isinstance(value, str | bytes) and (values.number(value) is not None or value != value)
