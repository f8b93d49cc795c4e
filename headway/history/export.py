"""History in files: one table at a time, a part of it in memory at a time."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

from sqlalchemy import Boolean, Column, Float, Integer, select

from headway.history import schema
from headway.history.database import Database, database_url
from headway.history.migrate import check
from headway.settings import Settings

#: Rows that are held at a time.
CHUNK_ROWS = 5_000

# What can be exported, and which time says when a row happened.
_TABLES = {
    "jobs": (schema.jobs, "created_at"),
    "attempts": (schema.job_attempts, "started_at"),
    "events": (schema.job_progress_events, "at"),
    "logs": (schema.job_logs, "at"),
    "metrics": (schema.job_metrics, "at"),
    "actions": (schema.job_actions, "at"),
}
# What only headway needs; a job's snapshot and its place in the list repeat what stands in columns.
_INNER = frozenset({"id", "entry", "idx", "batch_key", "snapshot", "listed_at"})


class Sink(Protocol):
    """Where rows go."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows."""


class CsvSink:
    """Comma-separated values with a header; null is nothing, a time is text such as `2025-10-28T10:21:34.000Z`."""

    def __init__(self, names: Sequence[str], file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(names)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows."""
        self._writer.writerows(rows)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """History, to be read.

    Raises:
        HistoryUnavailable: it does not answer, or has another version's schema.
    """
    database = Database(database_url(settings), read_only=True)
    try:
        check(database)
        yield database
    finally:
        database.close()


def columns(table: str) -> list[tuple[str, str]]:
    """The names of a table's exported columns, and of each whether it is `text`, `int`, `float`, `bool` or `time`."""
    return [(column.name, _kind(column)) for column in _columns(table)]


def export(database: Database, table: str, since: str | None, sink: Sink) -> int:
    """Write a table's rows, in the order in which they were recorded; how many they were.

    Args:
        since: leave out what happened before this time.

    Raises:
        HistoryUnavailable: the database does not answer any more.
    """
    found, time = _TABLES[table]
    query = select(*_columns(table)).order_by(found.c.entry)
    if since is not None:
        query = query.where(found.c[time] >= since)
    count = 0
    with database.read() as connection:
        rows = connection.execution_options(yield_per=CHUNK_ROWS).execute(query)
        for part in rows.partitions():
            sink.write([tuple(row) for row in part])
            count += len(part)
    return count


def _columns(table: str) -> list[Column[Any]]:
    return [column for column in _TABLES[table][0].c if column.name not in _INNER]


def _kind(column: Column[Any]) -> str:
    for kind, name in ((schema.UtcTime, "time"), (Boolean, "bool"), (Integer, "int"), (Float, "float")):
        if isinstance(column.type, kind):
            return name
    return "text"
