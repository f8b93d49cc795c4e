"""Profiling tables: right figures from each format, whatever the chunks, and a sentence for what is no table."""

import gzip
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.errors import PathNotAllowed
from headway.settings import get_settings
from worker.examples.columns import KEPT_PER_TABLE, Column, capacity
from worker.examples.long_task import long_task
from worker.examples.profile_table import flights, profile_table
from worker.examples.tables import BLOCK_BYTES, MAX_COLUMNS, chunks, open_table

SMALL = "id,price,when,ok\n1,0.5,2026-01-01,true\n2,1.5,NA,false\n3,,2026-01-03,true\n3,1.5,2026-01-02,true\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An open folder for tables."""
    monkeypatch.setenv("HEADWAY_DATA_ROOTS", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def of(profile: pd.DataFrame, column: str) -> dict[str, Any]:
    return dict(profile[profile["column"] == column].iloc[0])


def refusal(path: Path) -> str:
    with pytest.raises(ValueError, match=f"^{path.name}: ") as refused:
        profile_table(str(path))
    return str(refused.value)


@pytest.mark.parametrize("name", ["small.csv", "SMALL.CSV", "small.csv.gz", "small.csv.zip", "upload"])
def test_a_csv_is_profiled_however_it_is_packed(folder: Path, name: str) -> None:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(SMALL.encode()))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("small.csv", SMALL)
    else:
        path.write_text(SMALL)
    profile = profile_table(name)
    assert list(profile["type"]) == ["integer", "number", "text", "boolean"]
    number = of(profile, "price")
    assert (number["count"], number["nulls"], number["distinct"]) == (3, 1, 2)
    assert (number["min"], number["50%"], number["max"], number["top"]) == (0.5, 1.5, 1.5, "1.5: 2, 0.5: 1")
    assert (of(profile, "id")["mean"], of(profile, "id")["min"]) == (2.25, 1)
    assert (of(profile, "when")["min"], of(profile, "when")["mean"]) == ("2026-01-01", None)


def test_a_parquet_keeps_its_own_types(folder: Path) -> None:
    table = pa.table(
        {
            "n": pa.array([1, 2, None]),
            "x": pa.array([0.5, float("nan"), float("inf")]),
            "day": pa.array([date(2026, 1, 1), date(2026, 1, 3), None]),
            "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3),
            "word": pa.array(["1", "2", "2"]).dictionary_encode(),
            "list": pa.array([[1], None, []]),
            "none": pa.nulls(3),
        }
    )
    pq.write_table(table, folder / "t.parquet")
    profile = profile_table("t.parquet")
    assert list(profile["type"]) == ["integer", "number", "date", "datetime", "text", "list<element: int64>", "empty"]
    assert list(profile["nulls"]) == [1, 2, 1, 0, 0, 1, 3]
    assert of(profile, "day")["50%"] == date(2026, 1, 1)
    assert of(profile, "word")["top"] == "2: 2, 1: 1"
    assert of(profile, "list")["distinct"] is None


def test_a_column_that_turns_into_text_late_is_text(folder: Path) -> None:
    (folder / "late.csv").write_text("code,n\n" + "".join(f"{n:05},{n}\n" for n in range(500)) + "n/a x,5e2\n")
    profile = profile_table("late.csv", chunk_rows=100)
    code, number = of(profile, "code"), of(profile, "n")
    assert (code["type"], code["min"], code["max"]) == ("text", "00000", "n/a x")
    assert (number["type"], number["max"]) == ("number", 500.0)


def test_the_profile_agrees_with_pandas(folder: Path) -> None:
    dice = random.Random(5)
    values = {"a": [dice.gauss(0, 1) for _ in range(3_000)], "b": [dice.randrange(40) for _ in range(3_000)]}
    frame = pd.DataFrame(values)
    frame.to_csv(folder / "f.csv", index=False)
    profile = profile_table("f.csv", chunk_rows=100, top=1)
    for name in ("a", "b"):
        ours, theirs = of(profile, name), frame[name]
        assert ours["mean"] == pytest.approx(theirs.mean())
        assert (ours["min"], ours["max"], ours["distinct"]) == (theirs.min(), theirs.max(), theirs.nunique())
        assert ours["25%"] == theirs.quantile(0.25, interpolation="lower")
        assert ours["estimated"] == ""


@pytest.mark.parametrize("chunk_rows", [100, 333, 5_000])
def test_the_profile_does_not_depend_on_the_chunks(folder: Path, chunk_rows: int) -> None:
    rows = "".join(f"{n % 97},{n * 0.1:.1f},{'x' * (n % 5)}\n" for n in range(5_000))
    (folder / "t.csv").write_text("a,b,c\n" + rows)
    assert profile_table("t.csv", chunk_rows=chunk_rows).equals(profile_table("t.csv"))


def test_chunks_have_the_size_asked_for_and_lose_no_row(folder: Path) -> None:
    (folder / "t.csv").write_text("a\n" + "".join(f"{n}\n" for n in range(1_234)))
    table = open_table(folder / "t.csv")
    sizes = [chunk.num_rows for chunk in chunks(table, 500)]
    assert sizes == [500, 500, 234]
    assert list(table.count())[-1] == 1_234


def test_a_line_end_inside_quotes_is_no_new_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Blocks so small that some end inside quotes.
    monkeypatch.setattr("worker.examples.tables.BLOCK_BYTES", 1_000)
    (folder / "t.csv").write_text("a,b\n" + '"one\ntwo, three",1\n' * 1_000)
    profile = profile_table("t.csv")
    assert (of(profile, "a")["count"], of(profile, "a")["top"]) == (1_000, "one\ntwo, three: 1000")


def test_a_table_without_rows_is_profiled_as_empty(folder: Path) -> None:
    (folder / "t.csv").write_text("a,b\n")
    assert list(profile_table("t.csv")["type"]) == ["empty", "empty"]


def test_columns_of_one_name_are_kept_apart(folder: Path) -> None:
    (folder / "t.csv").write_text("a,a\n1,x\n")
    assert list(profile_table("t.csv")["type"]) == ["integer", "text"]


def test_a_wide_or_long_table_keeps_no_more_than_promised() -> None:
    assert all(columns * capacity(columns) <= KEPT_PER_TABLE for columns in (1, 19, 100, MAX_COLUMNS))
    column = Column("c", 50)
    for start in range(0, 10_000, 100):
        texts = [f"{'long' * 100}{n}" if n % 2 else str(n) for n in range(start, start + 100)]
        column.add(pa.chunked_array([texts]), typed=False)
    summary = column.summary(1)
    assert summary["top"].startswith(f"{'long' * 50}: ≥ 4")
    assert summary["estimated"] == "distinct, top"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"a,b\n1,2\n3\n", "Row #3: Expected 2 columns, got 1"),
        ("t.csv", b"a,b\n1,2\n3,4,5\n", "Expected 2 columns, got 3"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\xff", "not UTF-8 text"),
        ("t.csv", b"a\n\xe9t\xe9\n", "not UTF-8 text"),
        ("t.csv", b"\x00\x01,\x00\n1,2\n", "not text"),
        ("t.csv", b'a,b\n"never closed,2\n' + b"x,y\n" * 9, "Expected 2 columns, got 1"),
        ("t.csv", b"a,b\n1,2\n" + b"x" * BLOCK_BYTES * 2 + b",3\n", "longer than 4 MB"),
        ("t.csv", ",".join(f"c{n}" for n in range(1_001)).encode() + b"\n", "1,001 columns"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("t.csv.gz", gzip.compress(random.Random(1).randbytes(999).hex().encode())[:500], "cannot be read"),
        ("t.csv.zip", b"a,b\n1,2\n", "not a zip file"),
        ("t.parquet", b"a,b\n1,2\n", "cannot be read"),
        ("t.parquet", b"", "cannot be read"),
        ("t.xlsx", b"PK\x03\x04", "not a table that this job reads; it takes .csv"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(folder: Path, name: str, content: bytes, why: str) -> None:
    (folder / name).write_bytes(content)
    sentence = refusal(folder / name)
    assert why in sentence
    assert len(sentence) < 500
    assert "\n" not in sentence


@pytest.mark.parametrize(("members", "count"), [([], 0), (["a.csv", "b.csv"], 2), (["readme.txt"], 0)])
def test_a_zip_must_hold_exactly_one_csv(folder: Path, members: list[str], count: int) -> None:
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        for member in members:
            archive.writestr(member, SMALL)
    assert f"holds {count}" in refusal(folder / "t.zip")


def test_a_path_outside_the_open_folders_is_refused(folder: Path) -> None:
    with pytest.raises(PathNotAllowed):
        profile_table(str(flights()))


def test_the_flights_are_profiled_where_no_path_is_given() -> None:
    profile = profile_table()
    carrier, delay = of(profile, "carrier"), of(profile, "dep_delay")
    assert (len(profile), carrier["count"], carrier["distinct"]) == (19, 336_776, 16)
    assert carrier["top"].startswith("UA: 58665, B6: 54635")
    assert (delay["nulls"], delay["min"], delay["max"]) == (8_255, -43, 1_301)
    assert delay["mean"] == pytest.approx(12.63907)
    assert (delay["50%"], delay["estimated"]) == (-2, "quantiles")


def test_the_lesson_s_job_returns_the_lesson_s_result() -> None:
    assert long_task(n_steps=3, step_s=0) == {"msg": "done", "value": 42}
