"""Batches on their way into the database: each once, whoever brings it and however often."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from headway.history import rollups, schema
from headway.history.batch import Batch
from headway.history.coverage import Span, extend
from headway.history.database import REFUSALS, Database
from headway.history.entries import Entry, Row

logger = logging.getLogger("headway.recorder")

# Fewer than the variables that a statement of SQLite's may have.
_IDS_MAX = 500


class Writer:
    """Writes entries into history."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert: Any = sqlite.insert if database.is_sqlite else postgresql.insert

    def write(self, entries: Sequence[Entry]) -> int:
        """Record entries, all or none of them, those apart that nobody can read or the database refuses.

        Returns:
            How many were left out, in whole or in part; the log says which and why.

        Raises:
            HistoryUnavailable: nothing was recorded, or not all; to write the same again doubles nothing.
        """
        batch = Batch()
        batch.add_all(entries)
        try:
            self._store(batch)
            return batch.unreadable
        except REFUSALS as error:
            if len(entries) > 1:
                half = len(entries) // 2
                return self.write(entries[:half]) + self.write(entries[half:])
            return self._leave_out(entries[0], error)

    def _leave_out(self, entry: Entry, error: Exception) -> int:
        logger.warning("entry %s of %s is left out: the database refuses it: %s", entry.entry_id, entry.stream, error)
        batch = Batch()
        batch.skip(entry)
        self._store(batch)
        return batch.unreadable

    def _store(self, batch: Batch) -> None:
        with self._database.write() as connection:
            batch = batch.without(_tombstones(connection, batch.job_ids) | batch.deleted)
            for table, rows in (
                (schema.job_progress_events, batch.events),
                (schema.job_metrics, batch.metrics),
                (schema.job_logs, batch.logs),
                (schema.job_actions, batch.actions),
            ):
                if rows:
                    connection.execute(self._insert(table).on_conflict_do_nothing(), rows)
            changed = batch.job_ids
            before = rollups.of_jobs(connection, changed)
            # What a later write does not say of them stays.
            self._put_latest(connection, schema.jobs, batch.jobs, keep=("wait_s",), first=("listed_at",))
            self._put_latest(connection, schema.job_attempts, batch.attempts, keep=("paused_s",))
            if batch.deleted:
                self._forget(connection, batch.deleted)
            rollups.add(connection, self._insert, before, rollups.of_jobs(connection, changed))
            if batch.numbers:
                _cover(connection, batch)

    def _put_latest(
        self,
        connection: Connection,
        table: Table,
        rows: list[Row],
        *,
        keep: Sequence[str] = (),
        first: Sequence[str] = (),
    ) -> None:
        """Insert rows, or update those that came from an earlier place of the stream.

        Args:
            keep: columns in which null leaves what is there.
            first: columns that stay as they were inserted.
        """
        if not rows:
            return
        statement = self._insert(table)
        names = [name for name in rows[0] if not table.c[name].primary_key and name not in first]
        new = {name: statement.excluded[name] for name in names}
        new |= {name: func.coalesce(new[name], table.c[name]) for name in keep}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(table.primary_key), set_=new, where=statement.excluded.entry > table.c.entry
            ),
            rows,
        )

    def _forget(self, connection: Connection, deleted: dict[str, str]) -> None:
        self._put_latest(
            connection,
            schema.job_tombstones,
            [{"job_id": job_id, "entry": place} for job_id, place in sorted(deleted.items())],
        )
        for table in (
            schema.jobs, schema.job_attempts, schema.job_progress_events, schema.job_logs, schema.job_metrics,
        ):  # fmt: skip
            for job_id, place in deleted.items():
                connection.execute(delete(table).where(table.c.job_id == job_id, table.c.entry <= place))


def _tombstones(connection: Connection, job_ids: set[str]) -> dict[str, str]:
    table = schema.job_tombstones
    ordered = sorted(job_ids)
    found: dict[str, str] = {}
    for i in range(0, len(ordered), _IDS_MAX):
        some = select(table.c.job_id, table.c.entry).where(table.c.job_id.in_(ordered[i : i + _IDS_MAX]))
        found.update((row.job_id, row.entry) for row in connection.execute(some))
    return found


def _cover(connection: Connection, batch: Batch) -> None:
    table = schema.recorded_ranges
    before = [Span(**row._mapping) for row in connection.execute(select(table))]
    after = extend(before, batch.numbers)
    for span in set(before) - set(after):
        connection.execute(delete(table).where(table.c.epoch == span.epoch, table.c.low == span.low))
    for span in set(after) - set(before):
        connection.execute(insert(table).values(**asdict(span)))
