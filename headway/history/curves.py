"""How jobs went on: progress over active time."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, func, select

from headway.analytics import Curve, CurvePoint, Curves
from headway.clock import parse_utc
from headway.errors import JobNotFound
from headway.history import schema
from headway.history.database import Database
from headway.history.reading import whole
from headway.history.whose import EVERYBODYS, Whose
from headway.status import ACTIVE_STATUSES, Status

#: Most points of a curve.
POINTS_MAX = 200
# Of a job with more events only the last ones are looked at.
_EVENTS_MAX = 20_000
_jobs, _events = schema.jobs, schema.job_progress_events
_COLUMNS = tuple(_events.c[name] for name in ("attempt", "status", "percent", "n", "total", "at"))


class ProgressCurves:
    """Reads curves from the events of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_job(self, job_id: str, whose: Whose = EVERYBODYS) -> Curves:
        """A curve of each attempt of a job that reported, oldest first.

        Raises:
            JobNotFound: history has no such job among these.
            HistoryUnavailable: the database does not answer.
        """
        with self._database.read() as connection:
            job = connection.execute(select(_jobs.c.task).where(_jobs.c.job_id == job_id, *whose.where)).first()
            if job is None:
                raise JobNotFound(job_id)
            latest = _events.c.entry.desc()
            query = select(*_COLUMNS).where(_events.c.job_id == job_id).order_by(latest).limit(_EVENTS_MAX)
            rows = connection.execute(query).all()[::-1]
        attempts = (list(of_attempt) for _, of_attempt in groupby(rows, key=lambda row: row.attempt))
        curves = [_curve(job_id, job.task, of_attempt) for of_attempt in attempts]
        return Curves(curves=[curve for curve in curves if curve.points])

    def of_task(self, task: str, limit: int = 10, whose: Whose = EVERYBODYS) -> Curves:
        """The curves of the runs of a task that finished last, newest first; none for an unknown one.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        finished = (
            select(_jobs.c.job_id, _jobs.c.attempt)
            # As an expression: SQLite shall look up the task.
            .where(_jobs.c.task == task, func.nullif(_jobs.c.status, "") == Status.FINISHED.value)
            .where(_jobs.c.finished_at.is_not(None), *whose.where)
            .order_by(_jobs.c.finished_at.desc())
            .limit(limit)
        )
        curves = []
        with self._database.read() as connection:
            for job_id, attempt in connection.execute(finished).all():
                own = (_events.c.job_id == job_id, _events.c.attempt == attempt)
                query = select(*_COLUMNS).where(*own).order_by(_events.c.entry.desc()).limit(_EVENTS_MAX)
                rows = connection.execute(query).all()[::-1]
                curves += [_curve(job_id, task, rows)] if rows else []
        return Curves(curves=[curve for curve in curves if curve.points])


def _curve(job_id: str, task: str | None, rows: Sequence[Row[Any]]) -> Curve:
    """The curve of the events of an attempt, of which there is at least one."""
    points = list(_points(rows))
    started_at = next((row.at for row in rows if row.status != Status.QUEUED), None)
    last = rows[-1]
    return Curve(
        job_id=job_id,
        task=task,
        attempt=last.attempt,
        status=Status(last.status),
        started_at=started_at,
        points=_thinned(points),
    )


def _points(rows: Sequence[Row[Any]]) -> Iterator[CurvePoint]:
    """A point of each write from the attempt's start on; time that it stood still is taken out."""
    t_s = 0.0
    before: Row[Any] | None = None
    for row in rows:
        if before is None:
            # A job that never started, or that is held before it does, has no curve.
            if row.status not in ACTIVE_STATUSES or row.status == Status.PAUSED:
                continue
        elif before.status != Status.PAUSED:
            t_s += max(0.0, parse_utc(row.at) - parse_utc(before.at))
        before = row
        if row.status != Status.QUEUED:
            yield CurvePoint(t_s=round(t_s, 3), percent=row.percent, n=whole(row.n), total=whole(row.total))


def _thinned(points: list[CurvePoint]) -> list[CurvePoint]:
    """As many points as are drawn, evenly taken, the first and the last among them."""
    if len(points) <= POINTS_MAX:
        return points
    last = len(points) - 1
    return [points[i * last // (POINTS_MAX - 1)] for i in range(POINTS_MAX)]
