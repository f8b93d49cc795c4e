"""Uploads that cannot be kept: said with the right status, nothing of them left, and the next one kept again."""

import io
import os
import resource
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from headway.client import Client
from tests.api.test_errors import check_problem
from tests.needs import need
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

MB = 1 << 20
BODY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="t"\r\n\r\nabc\r\n--b--\r\n'


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def api(module_redis_url: str, data_dir: Path) -> Iterator[ApiServer]:
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(data_dir)) as server:
        yield server


@pytest.fixture
def folder(data_dir: Path) -> Path:
    """Where uploads are; empty."""
    folder = data_dir / "files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def send(http: httpx2.Client, content: bytes = b"a\n") -> httpx2.Response:
    return http.post("/files", files={"file": ("t", content)})


@contextmanager
def files_no_larger_than(n_bytes: int, pid: int) -> Iterator[None]:
    """Make another process's writes fail beyond this size, as those on a full disk do."""
    need(hasattr(resource, "prlimit"), "prlimit")
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_without_room_an_upload_is_507_and_leaves_nothing(api: ApiServer, http: httpx2.Client, folder: Path) -> None:
    with files_no_larger_than(MB, api.process.pid):
        check_problem(send(http, bytes(3 * MB)), 507, "storage-full")
        assert list(folder.iterdir()) == []
        assert send(http).status_code == 201
    assert send(http, bytes(3 * MB)).status_code == 201


def test_where_no_folder_can_be_uploads_are_503(http: httpx2.Client, folder: Path) -> None:
    folder.rmdir()
    folder.write_text("in the way")
    check_problem(send(http), 503, "unavailable")
    folder.unlink()
    assert send(http).status_code == 201


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_into_a_folder_that_is_read_only_uploads_are_503(http: httpx2.Client, folder: Path) -> None:
    folder.chmod(0o500)
    try:
        check_problem(send(http), 503, "unavailable")
    finally:
        folder.chmod(0o700)
    assert send(http).status_code == 201


def test_a_folder_that_goes_away_meanwhile_is_503_and_comes_back(http: httpx2.Client, folder: Path) -> None:
    head = f"POST /files HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(BODY)}\r\n"
    with socket.create_connection((http.base_url.host, http.base_url.port or 80), timeout=10) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode() + BODY[:50])
        wait_for(lambda: list(folder.iterdir()), 15, "the upload begins")
        shutil.rmtree(folder)
        connection.sendall(BODY[50:])
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"urn:headway:unavailable" in answer
    assert send(http).status_code == 201


def test_an_api_starts_where_no_folder_can_be(module_redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path / "file")) as api:
        check_problem(httpx2.post(f"{api.url}/files", files={"file": ("t", b"a\n")}), 503, "unavailable")


class Large(io.RawIOBase):
    """A file of zeros that notes, every few megabytes, how much memory two processes have by then."""

    def __init__(self, n_bytes: int, processes: list[psutil.Process]) -> None:
        self._left = n_bytes
        self._processes = processes
        self.rss: list[list[int]] = []

    def read(self, n_bytes: int = -1) -> bytes:
        if self._left % (4 * MB) == 0:
            self.rss.append([process.memory_info().rss for process in self._processes])
        taken = min(self._left, n_bytes) if n_bytes >= 0 else self._left
        self._left -= taken
        return bytes(taken)


def test_a_large_upload_stays_out_of_the_memory_of_client_and_api(api: ApiServer, folder: Path) -> None:
    processes = [psutil.Process(), psutil.Process(api.process.pid)]
    with Client(api.url) as client:
        # What is loaded once, at the first upload, is not of this one.
        client.upload(Large(4 * MB, processes))
        large = Large(200 * MB, processes)
        upload = client.upload(large)
    kept = folder / upload.file_id
    assert (upload.bytes, kept.stat().st_size) == (200 * MB, 200 * MB)
    kept.unlink()
    first, *later = large.rss
    assert len(later) == 50
    grown = [max(rss[place] for rss in later) - first[place] for place in (0, 1)]
    assert max(grown) < 60 * MB, [f"{bytes_ / MB:.0f} MB" for bytes_ in grown]
