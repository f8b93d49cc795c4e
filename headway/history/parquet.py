"""Rows as a Parquet file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow
from pyarrow.parquet import ParquetWriter

from headway.clock import parse_utc

_TYPES = {
    "text": pyarrow.string(),
    "int": pyarrow.int64(),
    "float": pyarrow.float64(),
    "bool": pyarrow.bool_(),
    "time": pyarrow.timestamp("ms", tz="UTC"),
}


class ParquetSink:
    """A Parquet file with one row group for each part that it is given; a time is a timestamp in UTC."""

    def __init__(self, columns: Sequence[tuple[str, str]], path: Path) -> None:
        self._kinds = [kind for _, kind in columns]
        self._schema = pyarrow.schema([(name, _TYPES[kind]) for name, kind in columns])
        self._writer = ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows."""
        values = [
            [_time(row[at]) for row in rows] if kind == "time" else [row[at] for row in rows]
            for at, kind in enumerate(self._kinds)
        ]
        self._writer.write_table(pyarrow.table(values, schema=self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromtimestamp(parse_utc(text), UTC)
