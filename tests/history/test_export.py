"""History in files: whole or not at all, with its types, and nothing overwritten."""

import csv
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet
import pytest

from headway.history import export
from headway.history.database import Database
from headway.history.writing import Writer
from tests.history.desk import Desk

TABLES = ["jobs", "attempts", "events", "logs", "metrics", "actions"]


@pytest.fixture
def recorded(desk: Desk, writer: Writer) -> str:
    job_id = desk.finished(2)
    writer.write(desk.entries())
    return job_id


def run(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headway.cli", "export", *arguments]
    env = os.environ | {"HEADWAY_DATABASE_URL": address}
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=50)


def test_jobs_are_written_as_csv_with_a_header(recorded: str, database_address: str) -> None:
    done = run(database_address, "-")
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (row["job_id"], row["status"], row["task"], row["started_at"][-1:]) == (recorded, "finished", "count", "")
    assert (done.returncode, done.stderr) == (0, "headway: 1 jobs written\n")


def test_events_are_written_as_parquet_with_their_types(recorded: str, database_address: str, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    assert run(database_address, str(path), "--what", "events").returncode == 0
    table = pyarrow.parquet.read_table(path)
    assert [str(table.schema.field(name).type) for name in ("seq", "n", "message", "at")] == [
        "int64", "double", "string", "timestamp[ms, tz=UTC]",
    ]  # fmt: skip
    assert table["job_id"].to_pylist() == [recorded] * 5
    assert table["at"][0].as_py() <= datetime.now(UTC)
    assert list(tmp_path.glob(".headway-*")) == []


def test_a_file_that_is_there_is_replaced_only_by_force(recorded: str, database_address: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("mine")
    refused = run(database_address, str(path))
    assert (refused.returncode, path.read_text()) == (2, "mine")
    assert "is there already: --force replaces it" in refused.stderr
    assert run(database_address, str(path), "--force").returncode == 0
    assert recorded in path.read_text()


def test_what_is_older_is_left_out(recorded: str, database: Database, tmp_path: Path) -> None:
    for since, count in ((None, 5), ("2000-01-01T00:00:00.000Z", 5), ("2999-01-01T00:00:00.000Z", 0)):
        with (tmp_path / "events.csv").open("w") as file:
            sink = export.CsvSink([name for name, _ in export.columns("events")], file)
            assert export.export(database, "events", since, sink) == count


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_written(recorded: str, database: Database, tmp_path: Path, table: str) -> None:
    with (tmp_path / "out.csv").open("w") as file:
        export.export(database, table, "2000-01-01T00:00:00.000Z", export.CsvSink(["x"], file))
    assert {kind for _, kind in export.columns(table)} <= {"text", "int", "float", "bool", "time"}


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["-", "--format", "parquet"], 2, "parquet is no text"),
        (["-", "--since", "yesterday"], 2, "--since: 'yesterday' is no RFC 3339 time"),
        (["-"], 69, "there is no history yet"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], status: int, sentence: str) -> None:
    done = run(f"sqlite:///{tmp_path}/none.sqlite3", *arguments)
    assert done.returncode == status
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
