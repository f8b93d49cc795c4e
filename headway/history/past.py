"""Past runs as history has them, kept in Redis for jobs that begin."""

import logging
import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from headway import past_runs
from headway.clock import parse_utc
from headway.errors import RedisUnavailable
from headway.eta import Run
from headway.eta.past import RUNS_MAX
from headway.history import schema
from headway.history.database import Database, HistoryUnavailable
from headway.history.entries import Entry
from headway.status import Status
from headway.store import Store

logger = logging.getLogger("headway.recorder")

# A task without runs is not looked for again so soon, in seconds.
_LOOK_AGAIN_S = 600.0
# Of the entries that a recorder takes these are few; what else contains such bytes does no harm.
_TELLING = (b'"status":"queued"', b'"status":"finished"')
# Only as far back as that, so that nobody searches all of history for a task that is rarely run.
_LATEST_JOBS = 10_000


class PastRuns:
    """Tells Redis of the runs that a recorder has written."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store
        self._looked_s: dict[str, float] = {}

    def take(self, entries: Iterable[Entry]) -> None:
        """Keep the jobs among these that have finished, and all there is of tasks of which Redis has nothing."""
        told = {
            entry.fields[b"job"].decode(errors="replace")
            for entry in entries
            if any(status in entry.fields.get(b"snapshot", b"") for status in _TELLING) and b"job" in entry.fields
        }
        if not told:
            return
        try:
            with self._database.read() as connection:
                self._keep(connection, sorted(told))
        except (HistoryUnavailable, RedisUnavailable) as error:
            logger.info("past runs are not told of now: %s", error)

    def _keep(self, connection: Connection, job_ids: list[str]) -> None:
        table = schema.jobs
        jobs = connection.execute(_jobs().where(table.c.job_id.in_(job_ids)).order_by(table.c.entry)).all()
        tasks = sorted({job.task for job in jobs if job.task})
        if not tasks:
            return
        known = self._store.run(past_runs.known(tasks))
        unknown = {task for task, kept in zip(tasks, known, strict=True) if not kept}
        for task in tasks:
            finished = [job for job in jobs if job.task == task and _whole(job)][-RUNS_MAX:]
            if task in unknown and self._may_look(task):
                finished = latest_jobs(connection, task)
            runs = [
                (job.job_id, _ended_ms(job), run) for job in finished if (run := run_of(connection, job)) is not None
            ]
            if runs:
                self._store.run(past_runs.add(task, runs))

    def _may_look(self, task: str) -> bool:
        now_s = time.monotonic()
        if now_s - self._looked_s.get(task, -_LOOK_AGAIN_S) < _LOOK_AGAIN_S:
            return False
        self._looked_s[task] = now_s
        return True


def latest_jobs(connection: Connection, task: str) -> list[Row[Any]]:
    """The latest jobs of a task that finished in one go."""
    table = schema.jobs
    lately = select(table.c.updated_at).order_by(table.c.updated_at.desc()).offset(_LATEST_JOBS).limit(1)
    since = connection.execute(lately).scalar()
    query = _jobs().where(table.c.task == task, table.c.status == Status.FINISHED.value, table.c.attempt == 1)
    if since is not None:
        query = query.where(table.c.updated_at > since)
    return list(connection.execute(query.order_by(table.c.updated_at.desc()).limit(RUNS_MAX)))


def run_of(connection: Connection, job: Row[Any]) -> Run | None:
    """How a finished job went, in active seconds; None for one that was started more than once."""
    table = schema.job_progress_events
    order: dict[str, Any] = {"partition_by": table.c.job_id, "order_by": table.c.entry}
    seen = (
        select(
            table,
            func.lag(table.c.status).over(**order).label("status_before"),
            func.lag(table.c.percent).over(**order).label("percent_before"),
            func.lag(table.c.total).over(**order).label("total_before"),
        )
        .where(table.c.job_id == job.job_id)
        .subquery()
    )
    # Of what may be thousands of events a hundred say all.
    telling = or_(
        seen.c.status_before.is_(None),
        seen.c.status != seen.c.status_before,
        seen.c.percent != seen.c.percent_before,
        seen.c.total_before.is_(None) & seen.c.total.is_not(None),
    )
    events = connection.execute(select(seen).where(telling).order_by(seen.c.entry)).all()
    starts = [at for at, event in enumerate(events) if event.status == Status.STARTED.value]
    if len(starts) != 1:
        return None
    points: list[tuple[float, float | None]] = []
    active_s, before, size = 0.0, events[starts[0]], None
    for event in events[starts[0] :]:
        if before.status != Status.PAUSED.value:
            active_s += max(0.0, parse_utc(event.at) - parse_utc(before.at))
        known = event.percent > 0 or event.total is not None
        points.append((active_s, event.percent / 100 if known else None))
        size = size or event.total
        before = event
    return Run.of(points, size, job.elapsed_s if job.elapsed_s else active_s)


def _jobs() -> Any:
    table = schema.jobs
    return select(table.c.job_id, table.c.task, table.c.status, table.c.attempt, table.c.elapsed_s, table.c.updated_at)


def _whole(job: Row[Any]) -> bool:
    return bool(job.status == Status.FINISHED.value and job.attempt == 1)


def _ended_ms(job: Row[Any]) -> float:
    return parse_utc(job.updated_at) * 1000
