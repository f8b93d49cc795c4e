"""An upload from end to end: sent by the client, kept by the API, profiled by a worker, its figures right."""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from headway.client import Client
from headway.snapshot import Snapshot
from headway.status import Status
from tests.servers import api_server, worker_process

TABLE = pd.DataFrame({
    "id": range(5_000),
    "price": [n % 97 / 4 if n % 10 else None for n in range(5_000)],
    "carrier": [("UA", "UA", "UA", "B6", "B6", "DL")[n % 6] for n in range(5_000)],
})  # fmt: skip


@pytest.fixture(scope="module")
def client(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    env = {"HEADWAY_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    with (
        api_server(module_redis_url, **env) as api,
        worker_process(module_redis_url, **env),
        Client(api.url) as client,
    ):
        yield client


def csv() -> bytes:
    return TABLE.to_csv(index=False).encode()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/table.csv", csv())
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    TABLE.to_parquet(file)
    return file.getvalue()


def profiled(client: Client, content: bytes, name: str) -> Snapshot:
    upload = client.upload(io.BytesIO(content), name=name)
    job = client.submit("profile_table", path=upload.file_id, chunk_rows=700)
    *_, last = client.watch(job.job_id, timeout_s=30)
    return last


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (csv, "table.csv"),
        (lambda: gzip.compress(csv()), "table.csv.gz"),
        (zipped, "table.zip"),
        (parquet, "table.parquet"),
        # What is kept has no suffix, so that the name says nothing.
        (parquet, "table.csv"),
    ],
    ids=["csv", "gzip", "zip", "parquet", "parquet called csv"],
)
def test_an_uploaded_table_is_profiled_with_the_right_figures(
    client: Client, content: Callable[[], bytes], name: str
) -> None:
    last = profiled(client, content(), name)
    assert last.status is Status.FINISHED, last.error
    assert (last.n, last.total, last.percent) == (5_000, 5_000, 100)
    assert isinstance(last.result, dict)
    rows: dict[str, dict[str, Any]] = {
        row[0]: dict(zip(last.result["columns"], row, strict=True)) for row in last.result["rows"]
    }
    assert {name: row["type"] for name, row in rows.items()} == {"id": "integer", "price": "number", "carrier": "text"}
    for name in ("id", "price"):
        column = TABLE[name]
        assert rows[name]["mean"] == pytest.approx(column.mean())
        found = (rows[name]["count"], rows[name]["nulls"], rows[name]["min"], rows[name]["max"])
        assert found == (column.count(), column.isna().sum(), column.min(), column.max())
    assert rows["carrier"]["top"] == "UA: 2501, B6: 1666, DL: 833"


def test_an_upload_that_is_no_table_fails_the_job_with_a_sentence(client: Client) -> None:
    last = profiled(client, b"\x89PNG\r\n\x1a\n\x00\xff", "picture.png")
    assert last.status is Status.FAILED
    assert last.error is not None
    assert "not UTF-8 text" in last.error.detail


def test_an_upload_that_is_gone_fails_the_job_with_a_sentence(client: Client) -> None:
    job = client.submit("profile_table", path="0" * 32)
    *_, last = client.watch(job.job_id, timeout_s=30)
    assert last.error is not None
    assert last.error.type == "PathNotAllowed"
    assert "no uploaded file has this id" in last.error.detail
