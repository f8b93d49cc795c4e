"""Uploads: kept whole or not at all."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from headway.files import resolve
from headway.settings import Settings
from tests.api.test_errors import check_problem
from tests.servers import api_server
from tests.wait import wait_for

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\nabc'
LIMIT = 1_000_000


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def http(module_redis_url: str, data_dir: Path) -> Iterator[httpx2.Client]:
    env = {"HEADWAY_DATA_DIR": str(data_dir), "HEADWAY_FILE_MAX_BYTES": str(LIMIT), "HEADWAY_BODY_MAX_BYTES": "1000"}
    with api_server(module_redis_url, **env) as api, httpx2.Client(base_url=api.url) as client:
        yield client


def kept(data_dir: Path) -> set[str]:
    folder = data_dir / "files"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\r\n--b" * 30_000, bytes(LIMIT)])
def test_an_upload_is_kept_whole_for_this_user_alone(http: httpx2.Client, data_dir: Path, content: bytes) -> None:
    answer = http.post("/files", files={"file": ("../x\\t.csv", content)})

    assert answer.status_code == 201, answer.text
    assert (answer.json()["bytes"], answer.json()["name"]) == (len(content), "t.csv")
    path = resolve(answer.json()["file_id"], Settings(data_dir=data_dir))
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("body", [
    b"", b"abc", b"--b--\r\n", PART, PART + b"\r\n" + PART + b"\r\n--b--\r\n",
    (PART + b"\r\n") * 10_000 + b"--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc\r\n--b--\r\n',
    b"--b\r\nX: " + b"x" * 100_000 + b"\r\n\r\nabc\r\n--b--\r\n",
    b"--b\r\n" + b"X: x\r\n" * 20_000 + b"\r\nabc\r\n--b--\r\n",
])  # fmt: skip
def test_a_body_that_is_not_one_file_is_422_and_leaves_nothing(
    http: httpx2.Client, data_dir: Path, body: bytes
) -> None:
    before = kept(data_dir)
    check_problem(http.post("/files", content=body, headers=MULTIPART), 422, "bad-request")
    assert kept(data_dir) == before


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 300])
def test_a_missing_boundary_is_422(http: httpx2.Client, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    check_problem(http.post("/files", content=PART, headers=headers), 422, "bad-request")


@pytest.mark.parametrize("n_bytes", [LIMIT + 1, LIMIT * 2])
def test_a_file_over_the_cap_is_413_and_leaves_nothing(http: httpx2.Client, data_dir: Path, n_bytes: int) -> None:
    before = kept(data_dir)
    check_problem(http.post("/files", files={"file": ("t", bytes(n_bytes))}), 413, "too-large")
    assert kept(data_dir) == before


def test_a_client_that_goes_away_leaves_nothing(http: httpx2.Client, data_dir: Path) -> None:
    before = kept(data_dir)
    with socket.create_connection((http.base_url.host, http.base_url.port or 80)) as connection:
        head = "POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n"
        connection.sendall(f"{head}Content-Type: {MULTIPART['Content-Type']}\r\n\r\n".encode() + PART)
        wait_for(lambda: kept(data_dir) != before, 15, "the upload to begin")
    wait_for(lambda: kept(data_dir) == before, 15, "the upload to be removed")


def test_an_upload_that_nobody_opened_for_long_is_removed(http: httpx2.Client, data_dir: Path) -> None:
    old, opened = (http.post("/files", files={"file": ("t", b"x")}).json()["file_id"] for _ in range(2))
    for file_id in (old, opened):
        os.utime(data_dir / "files" / file_id, (time.time() - 700_000,) * 2)
    resolve(opened, Settings(data_dir=data_dir))
    http.post("/files", files={"file": ("t", b"x")})

    assert old not in kept(data_dir)
    assert opened in kept(data_dir)
