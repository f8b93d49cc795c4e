"""Roll-ups: how many jobs came in, ended and took how long, by hour, day and month.

They are kept in the transaction that changes `jobs`, by the difference that it makes there: so they count a job once
however often it is written, and go on counting it when it has become too old to be kept itself.

How long jobs took is counted in classes, each 2 % wider than the one before, so that classes of many days add up and a
percentile of theirs is at most 1 % off (C. Masson et al., "DDSketch", VLDB 2019).
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from headway.history import schema
from headway.status import Status

#: Of its submit, and of its end as one of these.
SUBMITTED = "submitted"
ENDS = (Status.FINISHED.value, Status.FAILED.value, Status.CANCELED.value)
#: How long it waited, and how long those that finished ran.
WAIT, RUN = "wait_s", "run_s"

#: What is counted of a job: level, period, task, owner, what, class.
Key = tuple[str, str, str, str, str, int]

# How much of a time's text names its hour, day and month.
_LEVELS = {"hour": 13, "day": 10, "month": 7}
_WIDTH = math.log(1.02)
# What is shorter counts as no time at all; what is longer, which only a foreign writer says, as so long.
_SHORTEST_S, _LONGEST_S = 0.001, 1e12
_CLASS_OF_NONE = -1_000
_COLUMNS = tuple(
    schema.jobs.c[name] for name in ("job_id", "listed_at", "finished_at", "status", "task", "owner", "wait_s", "run_s")
)
_IDS_MAX = 500


def class_of(seconds: float) -> int:
    """The class that a duration is counted in."""
    return _CLASS_OF_NONE if seconds < _SHORTEST_S else math.floor(math.log(min(seconds, _LONGEST_S)) / _WIDTH)


def seconds_of(number: int) -> float:
    """The middle of a class, in seconds."""
    return 0.0 if number == _CLASS_OF_NONE else round(math.exp((number + 0.5) * _WIDTH), 6)


def of_end(status: str, wait_s: float | None, run_s: float | None) -> Iterator[tuple[str, int]]:
    """What the end of a job counts, and in which class."""
    yield status, 0
    if wait_s is not None:
        yield WAIT, class_of(wait_s)
    if run_s is not None and status == Status.FINISHED:
        yield RUN, class_of(run_s)


def of_jobs(connection: Connection, job_ids: Iterable[str]) -> Counter[Key]:
    """What these jobs, as they are in the database now, count."""
    ordered = sorted(job_ids)
    found: Counter[Key] = Counter()
    for i in range(0, len(ordered), _IDS_MAX):
        some = select(*_COLUMNS).where(schema.jobs.c.job_id.in_(ordered[i : i + _IDS_MAX]))
        for row in connection.execute(some):
            found.update(_counted(row))
    return found


def add(connection: Connection, upsert: Any, before: Counter[Key], after: Counter[Key]) -> None:
    """Let the roll-ups follow a change of jobs.

    Args:
        upsert: the database's own `insert`, which knows what to do about a conflict.
    """
    table = schema.job_rollups
    change = {key: after[key] - before[key] for key in before.keys() | after.keys()}
    rows = [_row(key, jobs) for key, jobs in sorted(change.items()) if jobs]
    if rows:
        statement = upsert(table)
        more = {"jobs": table.c.jobs + statement.excluded.jobs}
        connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=more), rows)


def percentile(classes: Sequence[tuple[int, int]], percent: int) -> float | None:
    """By nearest rank, of classes in their order and how many each has; None for none at all."""
    rank = (percent * sum(jobs for _, jobs in classes) + 99) // 100
    for number, jobs in classes:
        rank -= jobs
        if rank <= 0 < jobs:
            return seconds_of(number)
    return None


def _counted(row: Any) -> Iterator[Key]:
    whose = (row.task or "", row.owner or "")
    for level in _LEVELS:
        yield level, _period(level, row.listed_at), *whose, SUBMITTED, 0
        if row.finished_at is None or row.status not in ENDS:
            continue
        period = _period(level, row.finished_at)
        for what, number in of_end(row.status, row.wait_s, row.run_s):
            # Of single hours nobody asks how long jobs took: that is read from the jobs themselves.
            if level != "hour" or what in ENDS:
                yield level, period, *whose, what, number


def _period(level: str, at: str) -> str:
    return at[: _LEVELS[level]]


def _row(key: Key, jobs: int) -> dict[str, Any]:
    return dict(zip(("level", "period", "task", "owner", "what", "class", "jobs"), (*key, jobs), strict=True))
