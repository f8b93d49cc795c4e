"""What a job's code calls to say how far it is. Outside a job the same calls draw an ordinary bar, or do nothing."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm.auto import tqdm

from headway.bars import Number
from headway.context import Job, current_job

T = TypeVar("T")


def track(
    items: Iterable[T],
    desc: str = "",
    total: Number | None = None,
    unit: str = "it",
    weight: float = 1.0,
) -> Iterator[T]:
    """Yield `items` and report each one done, live.

    A loop inside another one's body becomes a nested bar. Loops beside each other share the job's percent by `weight`.

    Args:
        total: how many there will be; by default `len(items)`, and unknown where there is none. Unknown is shown as an
            indeterminate bar.

    Raises:
        JobCanceled: between two items, when the job's cancel was asked for.
    """
    if total is None:
        total = _length(items)
    job = current_job()
    if job is None:
        return iter(tqdm(items, desc=desc or None, total=total, unit=unit))
    return _track(job, items, desc, total, unit, weight)


def report(
    percent: object = None, message: object = None, n: object = None, total: object = None, unit: object = None
) -> None:
    """Say how far the job is.

    Never raises for a value: percent is brought into 0..99 (100 belongs to `finished`), NaN is unknown, a long message
    is cut. `percent` overrides the one that comes from `n` of `total`. What is left out stays as it was.
    """
    job = current_job()
    if job is not None:
        job.report(percent, message, n, total, unit)


def log(line: object) -> None:
    """Add a line to the job's log; outside a job, print it above any bar."""
    job = current_job()
    if job is None:
        tqdm.write(str(line))
    else:
        job.log(line)


def checkpoint() -> None:
    """Give way to what was asked of the job.

    Raises:
        JobCanceled: its cancel was asked for.
    """
    job = current_job()
    if job is not None:
        job.checkpoint()


def _track(job: Job, items: Iterable[T], desc: str, total: Number | None, unit: str, weight: float) -> Iterator[T]:
    bar = job.open_bar(desc, total, unit, weight)
    n = 0
    try:
        for item in items:
            yield item
            n += 1
            bar.n = n
            if job.asked:
                job.checkpoint()
        if bar.total is None:
            # It ran out by itself: now the total is known.
            bar.total = n
    finally:
        job.close_bar(bar)


def _length(items: object) -> Number | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except (TypeError, AttributeError, NotImplementedError):
        return None
