"""What a job's code calls to say how far it is. Outside a job the same calls draw an ordinary bar."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from headway.bar import Bar
from headway.context import Job, current_job
from headway.local import LOCAL
from headway.steps import Steps
from headway.values import Number

T = TypeVar("T")


def track(
    items: Iterable[T],
    desc: str = "",
    total: Number | None = None,
    unit: str = "it",
    weight: float = 1.0,
) -> Iterator[T]:
    """Yield `items` and report each one done, live.

    A loop inside another one's body becomes a nested bar, and so does one that a pool of threads or processes runs
    meanwhile. Loops beside each other share the job's percent by `weight`.

    Args:
        total: how many there will be; by default `len(items)`, and unknown where there is none. Unknown is shown as an
            indeterminate bar, and so is a total that turned out too small.
        weight: from 0; 0 leaves the job's percent alone.

    Raises:
        JobCanceled: between two items, when the job's cancel was asked for.
    """
    source = items if isinstance(items, list) and total is None else None
    if total is None:
        total = _length(items)
    job = current_job()
    if job is None:
        return LOCAL.track(items, desc, total, unit)
    return _Loop(job, desc, total, unit, weight, source).over(items)


def phase(name: str, weight: float = 1.0, *, of: float | None = None) -> AbstractContextManager[None]:
    """Name a part of the job: what is reported inside the `with` block is that part's progress.

    Args:
        weight: this part's share of the job's percent, or of the phase or step around it, beside the others'.
        of: what all parts weigh together, those still to come included; None takes those that were seen, so that the
            percent falls when a further one begins. It is enough to say it once.
    """
    job = current_job()
    return LOCAL.phase(name) if job is None else _phase(job, name, weight, of)


def report(
    percent: object = None, message: object = None, n: object = None, total: object = None, unit: object = None
) -> None:
    """Say how far the job is.

    Never raises for a value: percent is brought into 0..99 (100 belongs to `finished`), NaN is unknown, a long message
    is cut. `percent` overrides the one that comes from `n` of `total`. What is left out stays as it was.
    """
    (current_job() or LOCAL).report(percent, message, n, total, unit)


def metric(measured: Mapping[Any, object] | None = None, /, **more: object) -> None:
    """Record what the job measures, such as `metric(loss=0.31)`; every call is a point of each name's series.

    Never raises for a value: NaN and infinity are null, what is no number is left out of charts as null. A job has at
    most 64 names.

    Args:
        measured: values by name, for names that are no Python words. What has no names is "unnamed".
        more: values by name.
    """
    (current_job() or LOCAL).metric(more if measured is None else {**_by_name(measured), **more})


def log(line: object) -> None:
    """Add a line to the job's log, cut to 4,000 characters; outside a job, print it above any bar."""
    (current_job() or LOCAL).log(line)


def checkpoint() -> None:
    """Give way to what was asked of the job.

    Raises:
        JobCanceled: its cancel was asked for.
    """
    job = current_job()
    if job is not None:
        job.checkpoint()


def save_checkpoint(value: object) -> None:
    """Keep a value for the job's next attempt, in place of the one kept before.

    It is taken as it is now and written soon after; call it as often as you like. Outside a job, and in a child process
    of one, nothing happens.

    Args:
        value: whatever a result may be; the next attempt gets it as JSON says it.

    Raises:
        NotEncodable: a part of it cannot be carried as JSON.
        TooLarge: it has more bytes than `HEADWAY_CHECKPOINT_MAX_BYTES`.
    """
    job = current_job()
    if job is not None:
        job.save_checkpoint(value)


def load_checkpoint() -> Any:
    """What this job saved last, in this attempt or one before; None if it saved nothing, and outside a job.

    Raises:
        RedisUnavailable: Redis was away for longer than `HEADWAY_OUTAGE_S`.
    """
    job = current_job()
    return None if job is None else job.load_checkpoint()


class _Loop(Steps):
    """One `track` loop: its bar is there from the first step until the loop is left."""

    __slots__ = ("_bar", "_described", "_job")

    def __init__(
        self, job: Job, desc: str, total: Number | None, unit: str, weight: float, source: list[Any] | None
    ) -> None:
        super().__init__()
        self._job = job
        self._described = (desc, total, unit, weight, source)
        self._bar: Bar | None = None

    def begin(self) -> None:
        self._bar = self._job.open_bar(*self._described)
        self._bar.steps = self
        if self._job.asked:
            self.interrupt()

    def checkpoint(self) -> None:
        if self._job.asked:
            self._job.checkpoint()

    def ran_out(self) -> None:
        if self._bar is not None and self._bar.total is None:
            # It ran out by itself: now the total is known.
            self._bar.total = self.n
        self.left()

    def left(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.n, bar.steps = self.n, None
            self._job.close_bar(bar)


@contextmanager
def _phase(job: Job, name: str, weight: float, of: float | None) -> Iterator[None]:
    opened = job.open_phase(name, weight, of)
    complete = False
    try:
        yield
        complete = True
    finally:
        job.close_bar(opened, complete=complete)


def _by_name(measured: Any) -> Mapping[Any, object]:
    try:
        return dict(measured)
    except Exception:  # a foreign class's own methods run here, and may raise anything
        return {"unnamed": measured}


def _length(items: Any) -> Number | None:
    if isinstance(items, range):
        # len() has no word for a long one.
        return max(0, -((items.start - items.stop) // items.step))
    try:
        return len(items)
    except Exception:  # a foreign class's own method runs here, and may raise anything
        return None
