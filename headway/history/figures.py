"""Figures about the jobs of a time."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, null, or_, select

from headway.analytics import (
    Bucket,
    Percentiles,
    SlowJob,
    SlowJobs,
    TaskFigures,
    TaskReport,
    Throughput,
    ThroughputBucket,
    WorkerFigures,
    WorkerReport,
)
from headway.clock import parse_utc
from headway.history import rollups, schema, tallies
from headway.history.database import Database
from headway.history.whose import EVERYBODYS, Whose
from headway.history.window import Window
from headway.status import ACTIVE_STATUSES, Status

_jobs, _attempts = schema.jobs, schema.job_attempts
# As expressions: by the columns themselves SQLite would look up all jobs of a task or status, not those of a time.
_task = func.nullif(_jobs.c.task, "")
_status = func.nullif(_jobs.c.status, "")
_PERCENTS = {"p50": 50, "p95": 95}
#: A longer time than this, in seconds, is taken to be one of many jobs: roll-ups say how many and how long they took.
EXACT_S = 2 * 86_400


class Figures:
    """Answers questions about many jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def throughput(
        self, window: Window, bucket: Bucket, task: str | None = None, whose: Whose = EVERYBODYS
    ) -> Throughput:
        """Jobs that came in and ended, by hour or day; the window is taken out to whole ones.

        Raises:
            BadInput: these are too many.
            HistoryUnavailable: the database does not answer.
        """
        whole = window.out_to(bucket)
        counts = {start: dict.fromkeys(("submitted", *rollups.ENDS), 0) for start in whole.starts}
        with self._database.read() as connection:
            for start, what, jobs in tallies.by_period(connection, whole, bucket, task, whose):
                counts[start][what] += jobs
        buckets = [
            ThroughputBucket(start=start, **one, failure_rate=_failure_rate(one)) for start, one in counts.items()
        ]
        return Throughput(since=whole.since, until=whole.until, bucket=bucket, buckets=buckets)

    def tasks(self, window: Window, task: str | None = None, whose: Whose = EVERYBODYS) -> TaskReport:
        """How the jobs of each task ended, and how long they took; errors as `throughput`.

        Of more than `EXACT_S` the percentiles are at most 1 % off, all counts are exact.
        """
        days = tallies.whole_days(window)
        if days is not None and window.length_s > EXACT_S:
            with self._database.read() as connection:
                return _long_report(connection, window, days, task, whose)
        ended = _ended(window, task, whose)
        finished = (*ended, _status == Status.FINISHED.value)
        with self._database.read() as connection:
            counted = connection.execute(
                select(_task.label("task"), _jobs.c.status, func.count().label("jobs"))
                .where(*ended, _status.in_(rollups.ENDS))
                .group_by(_task, _jobs.c.status)
            ).all()
            waits = [_percentiles(connection, _jobs.c.wait_s, ended, by_task) for by_task in (True, False)]
            runs = [_percentiles(connection, _jobs.c.run_s, finished, by_task) for by_task in (True, False)]
        by_task: dict[str | None, dict[str, int]] = {}
        total = dict.fromkeys(rollups.ENDS, 0)
        for row in counted:
            by_task.setdefault(row.task, dict.fromkeys(rollups.ENDS, 0))[row.status] += row.jobs
            total[row.status] += row.jobs
        tasks = [_task_figures(name, counts, waits[0].get(name), runs[0].get(name)) for name, counts in by_task.items()]
        tasks.sort(key=lambda one: (-one.jobs, one.task or ""))
        return TaskReport(
            since=window.since,
            until=window.until,
            total=_task_figures(task, total, waits[1].get(None), runs[1].get(None)),
            tasks=tasks,
        )

    def slowest(self, window: Window, task: str | None = None, limit: int = 20, whose: Whose = EVERYBODYS) -> SlowJobs:
        """The jobs with the longest active time, those that failed or were canceled among them; errors as `throughput`.

        Args:
            limit: most jobs.
        """
        ended = _ended(window, task, whose)
        if window.length_s > EXACT_S:
            # As expressions: of many jobs the slowest are found by how long they took, not by when they ended.
            at = func.coalesce(_jobs.c.finished_at, _jobs.c.finished_at)
            of_task = () if task is None else (_task == task,)
            ended = (at >= window.since, at < window.until, *of_task, *whose.where)
        query = (
            select(*(_jobs.c[name] for name in SlowJob.model_fields))
            .where(*ended, _jobs.c.run_s.is_not(None))
            .order_by(_jobs.c.run_s.desc(), _jobs.c.job_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return SlowJobs(since=window.since, until=window.until, jobs=[SlowJob(**row._mapping) for row in rows])

    def workers(self, window: Window, task: str | None = None, whose: Whose = EVERYBODYS) -> WorkerReport:
        """How much of the window each worker worked, of one that is not over how much of what has passed.

        Of the pauses of an attempt that crosses the window's edge as much is left out as of the attempt itself. Errors
        as `throughput`.
        """
        until_s = min(window.until_s, time.time())
        busy: dict[str, list[float]] = {}
        with self._database.read() as connection:
            for row in _worked(connection, window, task, whose):
                busy_s = _busy_s(row, window.since_s, until_s)
                if busy_s is not None:
                    busy.setdefault(row.worker, []).append(busy_s)
        passed_s = max(0.001, until_s - window.since_s)
        workers = [
            WorkerFigures(
                worker=worker,
                attempts=len(each_s),
                busy_s=round(sum(each_s), 3),
                utilization=min(1.0, round(sum(each_s) / passed_s, 4)),
            )
            for worker, each_s in busy.items()
        ]
        workers.sort(key=lambda one: (-one.busy_s, one.worker))
        return WorkerReport(since=window.since, until=window.until, workers=workers)


def _long_report(connection: Connection, window: Window, days: Window, task: str | None, whose: Whose) -> TaskReport:
    """The whole days of a window from the roll-ups, what is before and after them from the jobs."""
    by_task: dict[str, tallies.Tally] = {}
    total = tallies.Tally()
    for named, what, number, jobs in tallies.of_days(connection, days, task, whose):
        for tally in (total, by_task.setdefault(named, tallies.Tally())):
            tally.count(what, number, jobs)
    for edge in (Window(window.since_s, days.since_s), Window(days.until_s, window.until_s)):
        columns = (_jobs.c.task, _jobs.c.status, _jobs.c.wait_s, _jobs.c.run_s)
        for row in connection.execute(select(*columns).where(*_ended(edge, task, whose))):
            for tally in (total, by_task.setdefault(row.task or "", tallies.Tally())):
                tally.count_job(row.status, row.wait_s, row.run_s)
    tasks = [_tallied(name or None, tally) for name, tally in by_task.items() if any(tally.ends.values())]
    tasks.sort(key=lambda one: (-one.jobs, one.task or ""))
    return TaskReport(since=window.since, until=window.until, total=_tallied(task, total), tasks=tasks)


def _tallied(task: str | None, tally: tallies.Tally) -> TaskFigures:
    waits, runs = (
        Percentiles(**{name: tally.percentile(what, percent) for name, percent in _PERCENTS.items()})
        for what in (rollups.WAIT, rollups.RUN)
    )
    return _task_figures(task, tally.ends, waits, runs)


def _ended(window: Window, task: str | None, whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return (_jobs.c.finished_at >= window.since, _jobs.c.finished_at < window.until, *_wanted(task, whose))


def _wanted(task: str | None, whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return whose.where if task is None else (_jobs.c.task == task, *whose.where)


def _percentiles(
    connection: Connection, value: Any, where: Sequence[ColumnElement[bool]], by_task: bool
) -> dict[str | None, Percentiles]:
    """The percentiles of a column by task, or of all under None; without those that have no value.

    A rank is counted in whole numbers, so that both databases come to the same row; PostgreSQL's own function for this
    is one that SQLite does not have.
    """
    task = _task if by_task else null()
    group = _task if by_task else None
    ranked = (
        select(
            task.label("task"),
            value.label("value"),
            func.row_number().over(order_by=value, partition_by=group).label("place"),
            func.count().over(partition_by=group).label("jobs"),
        )
        .where(*where, value.is_not(None))
        .subquery()
    )
    ranks = {name: (percent * ranked.c.jobs + 99) // 100 for name, percent in _PERCENTS.items()}
    chosen = select(ranked).where(or_(*(ranked.c.place == rank for rank in ranks.values())))
    found: dict[str | None, dict[str, float]] = {}
    for row in connection.execute(chosen):
        for name, percent in _PERCENTS.items():
            if row.place == (percent * row.jobs + 99) // 100:
                found.setdefault(row.task, {})[name] = row.value
    return {name: Percentiles(**values) for name, values in found.items()}


def _task_figures(
    task: str | None, counts: dict[str, int], waits: Percentiles | None, runs: Percentiles | None
) -> TaskFigures:
    return TaskFigures(
        task=task,
        jobs=sum(counts.values()),
        **counts,
        failure_rate=_failure_rate(counts),
        wait_s=waits or Percentiles(),
        run_s=runs or Percentiles(),
    )


def _failure_rate(counts: dict[str, int]) -> float | None:
    over = counts["finished"] + counts["failed"]
    return round(counts["failed"] / over, 6) if over else None


def _worked(connection: Connection, window: Window, task: str | None, whose: Whose) -> Iterable[Any]:
    """Attempts that ended after the window began, and those that go on."""
    columns = (_attempts.c.worker, _attempts.c.started_at, _attempts.c.finished_at, _attempts.c.paused_s)
    began = (_attempts.c.worker.is_not(None), _attempts.c.started_at < window.until)
    over = select(*columns).where(*began, _attempts.c.finished_at > window.since)
    # An attempt whose job has gone on without it does not go on itself.
    of_job = (_jobs.c.job_id == _attempts.c.job_id) & (_jobs.c.attempt == _attempts.c.attempt)
    active = _jobs.c.status.in_([status.value for status in ACTIVE_STATUSES])
    going = select(*columns).join(_jobs, of_job).where(*began, _attempts.c.finished_at.is_(None), active)
    wanted = _wanted(task, whose)
    if wanted:
        over = over.join(_jobs, _jobs.c.job_id == _attempts.c.job_id).where(*wanted)
        going = going.where(*wanted)
    for query in (over, going):
        yield from connection.execute(query)


def _busy_s(row: Any, since_s: float, until_s: float) -> float | None:
    """How long an attempt ran between these times; None if not at all."""
    started_s = parse_utc(row.started_at)
    ended_s = until_s if row.finished_at is None else parse_utc(row.finished_at)
    within_s = min(ended_s, until_s) - max(started_s, since_s)
    if within_s < 0:
        return None
    whole_s = ended_s - started_s
    paused_s = (row.paused_s or 0.0) * (within_s / whole_s if whole_s > 0 else 1.0)
    return max(0.0, within_s - paused_s)
