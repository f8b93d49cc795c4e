"""A bar of tqdm's that reports to a job instead of drawing."""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tqdm.std import tqdm as std_tqdm

from headway import values
from headway.bar import Bar
from headway.context import Job, current_job

if TYPE_CHECKING:
    StdTqdm = std_tqdm[Any]
else:
    StdTqdm = std_tqdm


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
            measured = _numbers({**dict(() if ordered_dict is None else ordered_dict), **kwargs})
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


_classes: dict[Any, Any] = {}


def reporting(cls: Any) -> Any:
    """A blank bar of `cls` that reports."""
    made = cls
    if not issubclass(cls, JobBar):
        bases = (JobBar, _Undrawn) if cls is std_tqdm else (JobBar, cls, _Undrawn)
        made = _classes.setdefault(cls, type(cls.__name__, bases, {"__module__": cls.__module__}))
    bar = object.__new__(made)
    with made.get_lock():
        made._instances.add(bar)
    return bar


def logged(s: Any, file: Any) -> bool:
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
    return values.number(value) is not None or _is_nan(value)


def _is_nan(value: Any) -> bool:
    try:
        return bool(value != value)
    except Exception:  # an array's comparison is an array, and pandas' NA has no truth
        return False
