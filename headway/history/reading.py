"""What history says of a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, Table, select, tuple_

from headway.history import schema
from headway.history.coverage import Span, missing
from headway.history.database import Database
from headway.store.stored import Adoption, Stored, is_own, own, resolve


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events of a job in their order, and where the following ones begin; None on the last page."""

    events: list[dict[str, Any]]
    next: str | None


class History:
    """Reads what recorders wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, job_id: str, *, after: str | None = None, limit: int = 1_000) -> EventPage:
        """The events of a job, none for an unknown one.

        Args:
            after: the `next` of the page before.
            limit: most events of a page.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        table = schema.job_progress_events
        query = select(table).where(table.c.job_id == job_id).order_by(table.c.entry).limit(limit + 1)
        if after is not None:
            query = query.where(table.c.entry > after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        page = rows[:limit]
        return EventPage([_event(row) for row in page], page[-1].entry if len(rows) > limit else None)

    def snapshot(self, job_id: str) -> bytes | None:
        """The last snapshot of a job (JSON), as its latest recorded event had it; None for an unknown or deleted one.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        with self._database.read() as connection:
            found = connection.execute(select(schema.jobs.c.snapshot).where(schema.jobs.c.job_id == job_id)).scalar()
        return None if found is None else str(found).encode()

    def last(self, job_ids: Sequence[str]) -> dict[str, Stored]:
        """The last recorded snapshots of those of these jobs, at most 1,000, that there are.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        table = schema.jobs
        columns = (table.c.job_id, table.c.seq, table.c.attempt, table.c.snapshot)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(table.c.job_id.in_(job_ids))).all()
        return {row.job_id: stored_of(row) for row in rows}

    def attempts(self, job_id: str) -> list[dict[str, Any]]:
        """The attempts of a job, in their order."""
        table = schema.job_attempts
        return self._of(table, job_id, table.c.attempt)

    def logs(self, job_id: str) -> list[dict[str, Any]]:
        """The log lines of a job, in their order."""
        table = schema.job_logs
        return self._of(table, job_id, table.c.entry, table.c.idx)

    def metrics(self, job_id: str) -> list[dict[str, Any]]:
        """The values that a job measured, in their order."""
        table = schema.job_metrics
        return self._of(table, job_id, table.c.entry, table.c.idx)

    def lines(
        self, job_id: str, *, after: tuple[str, int] | None, before: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """Some log lines of a job, in their order.

        Args:
            after: the `entry` and `idx` of the last line that is known.
            before: an entry; lines from there on are left out.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        table = schema.job_logs
        query = select(table).where(table.c.job_id == job_id).order_by(table.c.entry, table.c.idx).limit(limit)
        if after is not None:
            query = query.where(tuple_(table.c.entry, table.c.idx) > after)
        if before is not None:
            query = query.where(table.c.entry < before)
        return self._rows(query)

    def points(self, job_id: str, *, names: Sequence[str], before: str | None, limit: int) -> list[dict[str, Any]]:
        """The last `limit` values that a job measured, in their order.

        Args:
            names: of these series; empty for all.
            before: an entry; values from there on are left out.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        table = schema.job_metrics
        newest = table.c.entry.desc(), table.c.idx.desc()
        query = select(table).where(table.c.job_id == job_id).order_by(*newest).limit(limit)
        if names:
            query = query.where(table.c.name.in_(names))
        if before is not None:
            query = query.where(table.c.entry < before)
        return self._rows(query)[::-1]

    def actions(self, job_id: str) -> list[dict[str, Any]]:
        """Who asked what of a job, in their order."""
        table = schema.job_actions
        return self._of(table, job_id, table.c.entry, table.c.idx)

    def missing(self, first_in_stream: int | None) -> int:
        """How many events left the stream before anybody recorded them.

        Args:
            first_in_stream: the lowest number that is still in the stream, None for an empty one.
        """
        with self._database.read() as connection:
            spans = [Span(**row._mapping) for row in connection.execute(select(schema.recorded_ranges))]
        return missing(spans, first_in_stream)

    def _of(self, table: Table, job_id: str, *order: Any) -> list[dict[str, Any]]:
        return self._rows(select(table).where(table.c.job_id == job_id).order_by(*order))

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


def stored_of(row: Any) -> Stored:
    """The snapshot in a row of `jobs` with `job_id`, `seq`, `attempt` and `snapshot`."""
    raw = row.snapshot.encode()
    if is_own(raw):
        return own(row.job_id, raw)
    found = resolve(row.job_id, Adoption("adopted", row.seq, row.attempt, raw))
    assert found is not None
    return found


def whole(number: float | None) -> float | int | None:
    """A whole number as one: the database keeps all of them as it keeps fractions."""
    return int(number) if number is not None and number.is_integer() else number


def _event(row: Row[Any]) -> dict[str, Any]:
    event = dict(row._mapping)
    event["n"], event["total"] = whole(event["n"]), whole(event["total"])
    return {name: value for name, value in event.items() if name not in {"id", "entry"}}
