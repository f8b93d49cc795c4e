"""A snapshot in words, the same on every face."""

from headway.quantities import count, duration, rate
from headway.snapshot import Bar, Snapshot
from headway.status import ACTIVE_STATUSES, Status


def unknown(snapshot: Snapshot) -> bool:
    """Whether a job is under way and nobody knows how far: such a percent is not shown, least of all as 0."""
    measured = snapshot.total is not None or snapshot.fraction is not None or snapshot.percent > 0
    return snapshot.status in ACTIVE_STATUSES and not measured and not held(snapshot)


def held(snapshot: Snapshot) -> bool:
    """Whether it was paused before it began, so that nothing is done and that is known."""
    return snapshot.status is Status.PAUSED and _headways(snapshot) and snapshot.started_at is None


def paused_since(snapshot: Snapshot) -> str | None:
    """Since when it stands still, as `updated_at`; None for one that does not, or of which that is not known."""
    # Nothing is written while a job is paused, but for what is asked of it; a foreign writer may write as it likes.
    still = snapshot.status is Status.PAUSED and snapshot.control is None and _headways(snapshot)
    return snapshot.updated_at or None if still else None


def indeterminate(snapshot: Snapshot) -> bool:
    """Whether its bar moves but measures nothing; that of a paused job stands still."""
    return snapshot.status is not Status.PAUSED and unknown(snapshot)


def bar_percent(snapshot: Snapshot) -> int:
    """How far a bar is drawn: 100 for finished alone, whatever else a writer said."""
    return 100 if snapshot.status is Status.FINISHED else min(snapshot.percent, 99)


def percent(snapshot: Snapshot) -> str:
    """Such as "40 %"; empty while it is unknown."""
    return "" if unknown(snapshot) else f"{bar_percent(snapshot)} %"


def headline(snapshot: Snapshot) -> str:
    """What the job says of itself; of a failed one, what failed with which type of error."""
    if snapshot.status is Status.FAILED:
        failed = f"{snapshot.task or 'The job'} failed"
        return failed if snapshot.error is None else f"{failed}: {snapshot.error.type}"
    return snapshot.message or snapshot.desc or ""


def last_words(snapshot: Snapshot) -> str:
    """What a job that failed said itself; empty where it is but the word that stands for every failure."""
    failed = snapshot.status is Status.FAILED
    return snapshot.message if failed and snapshot.message != "error" else ""


def facts(snapshot: Snapshot) -> list[str]:
    """The rest there is to say, such as "2 of 5 rows", "1.5 rows/s", "about 3 s left"."""
    said = []
    if snapshot.n is not None:
        said.append(count(snapshot.n, snapshot.total, snapshot.unit))
    if snapshot.status is Status.QUEUED and snapshot.position is not None:
        said.append(_place(snapshot.position, snapshot.wait_s))
    if snapshot.rate is not None and not snapshot.status.terminal:
        said.append(rate(snapshot.rate, snapshot.unit))
    if snapshot.eta_s is not None and snapshot.status in {Status.STARTED, Status.RUNNING}:
        said.append(f"{time_left(snapshot)} left")
    if snapshot.control is not None:
        said.append(f"{snapshot.control.requested} asked for")
    return said


def time_left(snapshot: Snapshot) -> str | None:
    """When the job will be done, as far as it is known; None for a job that is not under way."""
    if snapshot.status not in ACTIVE_STATUSES:
        return None
    if snapshot.status is Status.PAUSED:
        return "paused" if snapshot.eta_s is None else f"about {duration(snapshot.eta_s)} once resumed"
    if snapshot.eta_range_s is not None:
        low, high = (duration(bound) for bound in snapshot.eta_range_s)
        return f"about {low}" if low == high else f"{low} – {high}"
    if snapshot.eta_s is not None:
        return f"about {duration(snapshot.eta_s)}"
    return "estimating"


def _headways(snapshot: Snapshot) -> bool:
    """Whether headway writes it: no other job can be asked for anything."""
    return bool(snapshot.can)


def _place(position: int, wait_s: float | None) -> str:
    ahead = "next in the queue" if position == 0 else f"{position} ahead in the queue"
    return ahead if wait_s is None else f"{ahead}, about {duration(wait_s)}"


def in_order(bars: list[Bar]) -> list[tuple[Bar, int]]:
    """Each bar after its parent, with its depth from 0; one whose parent is not carried stands at the outer edge."""
    known = {bar.id for bar in bars}
    children: dict[int | None, list[Bar]] = {}
    for bar in bars:
        children.setdefault(bar.parent if bar.parent in known else None, []).append(bar)
    placed = []
    waiting = [(bar, 0) for bar in reversed(children.pop(None, []))]
    while waiting:
        bar, depth = waiting.pop()
        placed.append((bar, depth))
        waiting += [(child, depth + 1) for child in reversed(children.pop(bar.id, []))]
    return placed
