"""Counts of a time from the roll-ups."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, func, select

from headway.history import rollups, schema
from headway.history.whose import Whose
from headway.history.window import Window

_DAY_S = 86_400
_OF_ENDED = (*rollups.ENDS, rollups.WAIT, rollups.RUN)
_rollups = schema.job_rollups


@dataclass
class Tally:
    """How many jobs of a task ended how, and how many took how long."""

    ends: dict[str, int] = field(default_factory=lambda: dict.fromkeys(rollups.ENDS, 0))
    classes: dict[str, dict[int, int]] = field(default_factory=lambda: {rollups.WAIT: {}, rollups.RUN: {}})

    def count(self, what: str, number: int, jobs: int) -> None:
        """Add jobs; `number` is the class of a duration."""
        if what in self.ends:
            self.ends[what] += jobs
        elif what in self.classes:
            known = self.classes[what]
            known[number] = known.get(number, 0) + jobs

    def count_job(self, status: str, wait_s: float | None, run_s: float | None) -> None:
        """Add one job that ended."""
        for what, number in rollups.of_end(status, wait_s, run_s):
            self.count(what, number, 1)

    def percentile(self, what: str, percent: int) -> float | None:
        """By nearest rank, at most 1 % off; None for no jobs."""
        return rollups.percentile(sorted(self.classes[what].items()), percent)


def whole_days(window: Window) -> Window | None:
    """The whole days, UTC, in a window; None if there are none."""
    first, end = -(-window.since_s // _DAY_S), window.until_s // _DAY_S
    return Window(first * _DAY_S, end * _DAY_S) if first < end else None


def of_days(
    connection: Connection, days: Window, task: str | None, whose: Whose
) -> Iterator[tuple[str, str, int, int]]:
    """The task, what is counted, its class, and of how many jobs; no task is ""."""
    first, end = days.since[:10], days.until[:10]
    # The months that lie in these days, as the days before the first of them, themselves, and the days after the last.
    month = first[:7] if first.endswith("-01") else _following(first[:7])
    parts = [_in("day", first, end)]
    if month < end[:7]:
        last = f"{end[:7]}-01"
        parts = [_in("day", first, f"{month}-01"), _in("month", month, end[:7]), _in("day", last, end)]
    for part in parts:
        asked = (
            select(_rollups.c.task, _rollups.c.what, _rollups.c["class"], func.sum(_rollups.c.jobs))
            .where(part, _rollups.c.what.in_(_OF_ENDED), *_wanted(task, whose))
            .group_by(_rollups.c.task, _rollups.c.what, _rollups.c["class"])
        )
        for named, what, number, jobs in connection.execute(asked):
            yield named, what, number, int(jobs)


def by_period(
    connection: Connection, window: Window, level: str, task: str | None, whose: Whose
) -> Iterator[tuple[str, str, int]]:
    """The first moment of each whole hour or day of a window, what happened in it, and to how many jobs."""
    length = len("2025-10-28T10") if level == "hour" else len("2025-10-28")
    asked = (
        select(_rollups.c.period, _rollups.c.what, func.sum(_rollups.c.jobs))
        .where(_in(level, window.since[:length], window.until[:length]), *_wanted(task, whose))
        .where(_rollups.c.what.in_((rollups.SUBMITTED, *rollups.ENDS)))
        .group_by(_rollups.c.period, _rollups.c.what)
    )
    for period, what, jobs in connection.execute(asked):
        yield f"{period}:00:00.000Z" if level == "hour" else f"{period}T00:00:00.000Z", what, int(jobs)


def _wanted(task: str | None, whose: Whose) -> Iterator[ColumnElement[bool]]:
    if task is not None:
        yield _rollups.c.task == task
    if whose.owner is not None:
        yield _rollups.c.owner == whose.owner
    elif not whose.nobodys:
        yield _rollups.c.owner != ""


def _in(level: str, first: str, end: str) -> ColumnElement[bool]:
    return and_(_rollups.c.level == level, _rollups.c.period >= first, _rollups.c.period < end)


def _following(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"
