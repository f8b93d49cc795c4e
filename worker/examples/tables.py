"""Table files read in chunks: CSV (plain, in gzip or in zip) and Parquet. What is no table is a `ValueError`."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

#: Texts that stand for a missing value in a CSV.
NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]
#: The longest row that a CSV may have, and how much of it is read at once, in bytes.
BLOCK_BYTES = 4 << 20
MAX_COLUMNS = 1_000

_SUFFIXES = {".csv": "csv", ".csv.gz": "gzip", ".csv.zip": "zip", ".zip": "zip", ".parquet": "parquet"}
_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip"}
_UNREADABLE = (pa.ArrowException, OSError, EOFError, RuntimeError, ValueError, zlib.error, zipfile.BadZipFile)


class Table(Protocol):
    """A table file. `columns` are the names in order; they may repeat."""

    columns: list[str]

    def count(self) -> Iterator[int]:
        """Yield the number of rows found so far while counting; the last one is the total."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows in pieces of any size."""


def open_table(path: Path) -> Table:
    """The table in `path`; what it is says its suffix, or its first bytes where it has none, as uploads do.

    Raises:
        ValueError: another suffix, no table, no columns or more than `MAX_COLUMNS`; the sentence begins with the name.
    """
    kind = _kind(path)
    try:
        table: Table = ParquetTable(path) if kind == "parquet" else CsvTable(path, kind)
    except _UNREADABLE as error:
        raise _no_table(path, error) from error
    if any("\0" in name for name in table.columns):
        raise ValueError(f"{path.name}: not text, so no CSV")
    if not 1 <= len(table.columns) <= MAX_COLUMNS:
        raise ValueError(f"{path.name}: {len(table.columns):,} columns; this job takes 1 to {MAX_COLUMNS:,}")
    return table


def chunks(table: Table, chunk_rows: int) -> Iterator[pa.Table]:
    """All rows of `table`, `chunk_rows` at a time; the last chunk has what is left."""
    waiting: list[pa.RecordBatch] = []
    missing = chunk_rows
    for batch in table.batches():
        start = 0
        while batch.num_rows - start >= missing:
            waiting.append(batch.slice(start, missing))
            yield pa.Table.from_batches(waiting)
            start, missing, waiting = start + missing, chunk_rows, []
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            missing -= batch.num_rows - start
    if waiting:
        yield pa.Table.from_batches(waiting)


class ParquetTable:
    """A Parquet file, read one row group at a time at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with pq.ParquetFile(path) as file:
            self._rows = file.metadata.num_rows
            self.columns: list[str] = file.schema_arrow.names

    def count(self) -> Iterator[int]:
        """Yield the number of rows, which the file itself knows."""
        yield self._rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows."""
        return _told(self._path, self._read())

    def _read(self) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(self._path) as file:
            yield from file.iter_batches(use_threads=False)


class CsvTable:
    """A CSV file with a header, commas and UTF-8; every value is read as text, so that no chunk guesses differently."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self._kind = kind
        with ExitStack() as stack:
            self.columns: list[str] = self._reader(stack, pacsv.ConvertOptions()).schema.names

    def count(self) -> Iterator[int]:
        """Yield the number of rows so far: a pass of its own, since only its parser knows which line ends end a row."""
        rows = 0
        for batch in _told(self._path, self._read(include_columns=self.columns[:1])):
            rows += batch.num_rows
            yield rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows."""
        return _told(self._path, self._read())

    def _read(self, **options: Any) -> Iterator[pa.RecordBatch]:
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(self.columns, pa.string()),
            null_values=NULLS,
            strings_can_be_null=True,
            **options,
        )
        with ExitStack() as stack:
            yield from self._reader(stack, convert)

    def _reader(self, stack: ExitStack, convert: pacsv.ConvertOptions) -> pacsv.CSVStreamingReader:
        return stack.enter_context(
            pacsv.open_csv(
                self._open(stack),
                # Two cores are shared with other jobs; without threads a fault is also told with its row.
                read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                parse_options=pacsv.ParseOptions(newlines_in_values=True),
                convert_options=convert,
            )
        )

    def _open(self, stack: ExitStack) -> Any:
        if self._kind != "zip":
            compression = "gzip" if self._kind == "gzip" else None
            return stack.enter_context(pa.input_stream(str(self._path), compression=compression))
        archive = stack.enter_context(zipfile.ZipFile(self._path))
        inside = [name for name in archive.namelist() if name.endswith(".csv") and not name.startswith("__MACOSX/")]
        if len(inside) != 1:
            raise ValueError(f"a zip must hold exactly one .csv, and this one holds {len(inside)}")
        return stack.enter_context(archive.open(inside[0]))


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if not suffixes:
        with path.open("rb") as file:
            start = file.read(4)
        return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "csv")
    for ending in ("".join(suffixes[-2:]), suffixes[-1]):
        if ending in _SUFFIXES:
            return _SUFFIXES[ending]
    raise ValueError(f"{path.name}: not a table that this job reads; it takes {', '.join(_SUFFIXES)}")


def _told(path: Path, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except _UNREADABLE as error:
        raise _no_table(path, error) from error


def _no_table(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path.name}: {_reason(error)}")


def _reason(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    if "Empty CSV file" in text:
        return "the file is empty, or ends before its first line does"
    if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in text:
        return "not UTF-8 text, so no CSV that this job reads"
    if "straddling" in text:
        return f"a row is longer than {BLOCK_BYTES >> 20} MB, or a quote is never closed"
    first, _, _ = text.partition("\n")
    return f"cannot be read: {first if len(first) <= 300 else first[:300] + '…'}"
