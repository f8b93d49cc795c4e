"""Figures about the jobs of a time."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, func, null, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

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
from headway.history import schema
from headway.history.database import Database
from headway.history.whose import EVERYBODYS, Whose
from headway.history.window import Window
from headway.status import ACTIVE_STATUSES, Status

_jobs, _attempts = schema.jobs, schema.job_attempts
# As expressions: by the columns themselves SQLite would look up all jobs of a task or status, not those of a time.
_task = func.nullif(_jobs.c.task, "")
_status = func.nullif(_jobs.c.status, "")
_PERCENTS = {"p50": 50, "p95": 95}
_COUNTED = ("finished", "failed", "canceled")


class UtcHour(FunctionElement[str]):
    """The hour of a time as text, such as `2025-10-28T10`, in UTC whatever the session's time zone is."""

    type = Text()
    inherit_cache = True


@compiles(UtcHour, "sqlite")
def _hour_in_sqlite(element: UtcHour, compiler: Any, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, 13)"


@compiles(UtcHour, "postgresql")
def _hour_in_postgresql(element: UtcHour, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24')"""


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
        counts = {start: dict.fromkeys(("submitted", *_COUNTED), 0) for start in whole.starts}
        with self._database.read() as connection:
            found = list(_by_hour(connection, whole, task, whose))
        for hour, what, jobs in found:
            counts[whole.start_of(f"{hour}:00:00Z")][what] += jobs
        buckets = [
            ThroughputBucket(start=start, **one, failure_rate=_failure_rate(one)) for start, one in counts.items()
        ]
        return Throughput(since=whole.since, until=whole.until, bucket=bucket, buckets=buckets)

    def tasks(self, window: Window, task: str | None = None, whose: Whose = EVERYBODYS) -> TaskReport:
        """How the jobs of each task ended, and how long they took; errors as `throughput`."""
        ended = _ended(window, task, whose)
        finished = (*ended, _status == Status.FINISHED.value)
        with self._database.read() as connection:
            counted = connection.execute(
                select(_task.label("task"), _jobs.c.status, func.count().label("jobs"))
                .where(*ended)
                .group_by(_task, _jobs.c.status)
            ).all()
            waits = [_percentiles(connection, _jobs.c.wait_s, ended, by_task) for by_task in (True, False)]
            runs = [_percentiles(connection, _jobs.c.run_s, finished, by_task) for by_task in (True, False)]
        by_task: dict[str | None, dict[str, int]] = {}
        total = dict.fromkeys(_COUNTED, 0)
        for row in counted:
            by_task.setdefault(row.task, dict.fromkeys(_COUNTED, 0))[row.status] += row.jobs
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
        query = (
            select(*(_jobs.c[name] for name in SlowJob.model_fields))
            .where(*_ended(window, task, whose), _jobs.c.run_s.is_not(None))
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


def _ended(window: Window, task: str | None, whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return (_jobs.c.finished_at >= window.since, _jobs.c.finished_at < window.until, *_wanted(task, whose))


def _wanted(task: str | None, whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return whose.where if task is None else (_jobs.c.task == task, *whose.where)


def _by_hour(connection: Connection, window: Window, task: str | None, whose: Whose) -> Iterable[tuple[str, str, int]]:
    """The hour, what happened in it, and to how many jobs."""
    came = (_jobs.c.listed_at >= window.since, _jobs.c.listed_at < window.until, *_wanted(task, whose))
    hour = UtcHour(_jobs.c.listed_at)
    for row in connection.execute(select(hour.label("hour"), func.count().label("jobs")).where(*came).group_by(hour)):
        yield row.hour, "submitted", row.jobs
    hour = UtcHour(_jobs.c.finished_at)
    ended = (
        select(hour.label("hour"), _jobs.c.status, func.count().label("jobs"))
        .where(*_ended(window, task, whose))
        .group_by(hour, _jobs.c.status)
    )
    for row in connection.execute(ended):
        yield row.hour, row.status, row.jobs


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
