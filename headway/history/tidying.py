"""Keeping history within its bounds: by age, by rows, and by thinning out what is old."""

from typing import Any

from sqlalchemy import Connection, Select, Table, and_, delete, func, insert, select, update

from headway.clock import format_utc, parse_utc
from headway.history import schema
from headway.history.database import Database
from headway.settings import Settings

#: Most rows of a table that one step looks at, so that no recorder waits long for its turn.
STEP_ROWS = 5_000


class Tidier:
    """Removes what is too old or too much, a little at a time; any number of them may do so at once."""

    def __init__(self, database: Database, settings: Settings, *, step_rows: int = STEP_ROWS) -> None:
        self._database = database
        self._keep_s = settings.history_keep_s
        # One that is still in Redis may go on, and without its row it would count as another job.
        self._jobs_keep_s = max(settings.history_keep_s, settings.keep_s)
        self._thin_s = settings.history_thin_s
        self._rows_max = settings.history_rows_max
        self._step_rows = step_rows

    def step(self, now_s: float) -> bool:
        """Do some of it.

        Args:
            now_s: the time now, in seconds since 1970.

        Returns:
            Whether there may be more to do at once.

        Raises:
            HistoryUnavailable: nothing was done.
        """
        with self._database.write() as connection:
            done = [
                self._forget_old(connection, now_s - self._keep_s),
                self._forget_old_jobs(connection, format_utc(now_s - self._jobs_keep_s)),
                self._forget_many(connection),
                self._thin(connection, format_utc(now_s - self._thin_s)),
            ]
        return any(done)

    def _forget_old(self, connection: Connection, before_s: float) -> bool:
        before = format_utc(before_s)
        more = False
        for table in (schema.job_progress_events, schema.job_logs, schema.job_metrics, schema.job_actions):
            old = select(table.c.id).where(table.c.at < before).order_by(table.c.at)
            more |= self._remove(connection, table, table.c.id, old)
        tombstones = schema.job_tombstones
        place = f"{max(0, int(before_s * 1000)):013d}-"
        old_graves = select(tombstones.c.job_id).where(tombstones.c.entry < place)
        return self._remove(connection, tombstones, tombstones.c.job_id, old_graves) or more

    def _forget_old_jobs(self, connection: Connection, before: str) -> bool:
        jobs, attempts = schema.jobs, schema.job_attempts
        gone = select(jobs.c.job_id).where(jobs.c.updated_at < before).order_by(jobs.c.updated_at)
        # Both look at the same jobs: the attempts first, while these are there.
        self._remove(connection, attempts, attempts.c.job_id, gone)
        return self._remove(connection, jobs, jobs.c.job_id, gone)

    def _forget_many(self, connection: Connection) -> bool:
        more = False
        for table in (schema.job_progress_events, schema.job_logs, schema.job_metrics, schema.job_actions):
            row_id = table.c.id
            low, high = connection.execute(select(func.min(row_id), func.max(row_id))).one()
            # To count is slow; where the numbers span less there cannot be more.
            if low is None or high - low < self._rows_max:
                continue
            last = connection.execute(select(row_id).order_by(row_id.desc()).offset(self._rows_max).limit(1)).scalar()
            if last is not None:
                too_many = select(row_id).where(row_id <= last).order_by(row_id)
                more |= self._remove(connection, table, row_id, too_many)
        return more

    def _thin(self, connection: Connection, before: str) -> bool:
        """Of old events keep the first and the last of each job, and every change of status or attempt."""
        table = schema.job_progress_events
        start = connection.execute(select(schema.thinned.c.up_to)).scalar()
        first = connection.execute(select(func.min(table.c.at))).scalar()
        if first is None or (start or first) >= before:
            return False
        begin = start or first
        old = and_(table.c.at >= begin, table.c.at < before)
        following = select(table.c.at).where(old).order_by(table.c.at).offset(self._step_rows).limit(1)
        end = connection.execute(following).scalar() or before
        if end == begin:
            # More of them in one millisecond than a step looks at.
            end = format_utc(parse_utc(begin) + 0.001)
        connection.execute(delete(table).where(table.c.id.in_(_repeats(table, begin, end))))
        if start is None:
            connection.execute(insert(schema.thinned).values(id=1, up_to=end))
        else:
            connection.execute(update(schema.thinned).values(up_to=end))
        return end != before

    def _remove(self, connection: Connection, table: Table, column: Any, which: Select[Any]) -> bool:
        chosen = which.limit(self._step_rows)
        return connection.execute(delete(table).where(column.in_(chosen))).rowcount >= self._step_rows


def _repeats(table: Table, begin: str, end: str) -> Select[Any]:
    """The ids of a time's events that repeat the status and attempt of the one before and are not the last."""
    jobs = select(table.c.job_id).where(table.c.at >= begin, table.c.at < end).distinct()
    order: dict[str, Any] = {"partition_by": table.c.job_id, "order_by": table.c.entry}
    seen = (
        select(
            table.c.id,
            table.c.at,
            table.c.status,
            table.c.attempt,
            func.lag(table.c.status).over(**order).label("status_before"),
            func.lag(table.c.attempt).over(**order).label("attempt_before"),
            func.lead(table.c.id).over(**order).label("id_after"),
        )
        .where(table.c.job_id.in_(jobs))
        .subquery()
    )
    return select(seen.c.id).where(
        seen.c.at >= begin,
        seen.c.at < end,
        seen.c.status == seen.c.status_before,
        seen.c.attempt == seen.c.attempt_before,
        seen.c.id_after.is_not(None),
    )
