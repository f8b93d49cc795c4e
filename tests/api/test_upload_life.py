"""How long uploads stay, and who removes them."""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from api.uploads import sweep
from headway.settings import Settings
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

DAY_S = 86_400
BODY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="t"\r\n\r\nabc\r\n--b--\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the uploads of the data folder `tmp_path` are."""
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def upload_of_age(folder: Path, age_s: float, *, suffix: str = "") -> Path:
    path = folder / f"{uuid4().hex}{suffix}"
    path.write_bytes(b"a\n")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


@pytest.mark.parametrize(
    ("files_keep_s", "keep_s", "stays"),
    [(DAY_S, DAY_S, False), (3 * DAY_S, DAY_S, True), (DAY_S, 3 * DAY_S, True)],
)
def test_an_upload_stays_for_the_longer_of_two_times(
    folder: Path, files_keep_s: float, keep_s: float, stays: bool
) -> None:
    path = upload_of_age(folder, 2 * DAY_S)
    sweep(Settings(data_dir=folder.parent, files_keep_s=files_keep_s, keep_s=keep_s))
    assert path.exists() == stays


def test_an_unfinished_upload_stays_only_while_somebody_may_be_at_it(folder: Path) -> None:
    fresh, left = (upload_of_age(folder, age_s, suffix=".part") for age_s in (60, 7_200))
    sweep(Settings(data_dir=folder.parent))
    assert fresh.exists()
    assert not left.exists()


def test_what_cannot_be_removed_keeps_nothing_else_from_it(folder: Path) -> None:
    old = []
    # Many, and by turns: a folder lists what is in it in any order.
    for n in range(10):
        old.append(upload_of_age(folder, 30 * DAY_S))
        (folder / f"folder {n}").mkdir()
        os.utime(folder / f"folder {n}", (0, 0))
    sweep(Settings(data_dir=folder.parent))
    assert [path.exists() for path in old] == [False] * 10


def test_a_starting_api_removes_old_uploads(module_redis_url: str, folder: Path) -> None:
    old, new = upload_of_age(folder, 30 * DAY_S), upload_of_age(folder, DAY_S)
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(folder.parent)):
        assert not old.exists()
        assert new.exists()


@pytest.fixture
def two_apis(module_redis_url: str, folder: Path) -> Iterator[list[ApiServer]]:
    """Two APIs on one folder full of old uploads, started at the same time."""
    for _ in range(1_000):
        upload_of_age(folder, 30 * DAY_S)
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:

        def start(_: int) -> ApiServer:
            return stack.enter_context(api_server(module_redis_url, HEADWAY_DATA_DIR=str(folder.parent)))

        yield list(pool.map(start, range(2)))


@contextmanager
def slow_upload(api: ApiServer, folder: Path) -> Iterator[tuple[socket.socket, Path]]:
    """An upload of which `BODY[50:]` is still to come, and where it is written to."""
    head = f"POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n"
    address = httpx2.URL(api.url)
    with socket.create_connection((address.host, address.port or 80), timeout=20) as slow:
        slow.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode() + BODY[:50])
        (unfinished,) = wait_for(lambda: list(folder.glob("*.part")), 10, "the slow upload begins")
        yield slow, unfinished


def test_two_apis_sweep_one_folder_and_lose_nothing_of_each_other(two_apis: list[ApiServer], folder: Path) -> None:
    assert list(folder.iterdir()) == []

    def send(n: int) -> httpx2.Response:
        # Each upload sweeps first.
        upload_of_age(folder, 30 * DAY_S)
        return httpx2.post(f"{two_apis[n % 2].url}/files", files={"file": ("t", f"{n}".encode())}, timeout=20)

    with slow_upload(two_apis[0], folder) as (slow, unfinished):
        # As after a night in which the computer slept.
        os.utime(unfinished, (time.time() - DAY_S,) * 2)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(40)))
        slow.sendall(BODY[50:])
        assert slow.recv(100).startswith(b"HTTP/1.1 201")

    assert [answer.status_code for answer in answers] == [201] * 40
    kept = [(folder / answer.json()["file_id"]).read_bytes() for answer in answers]
    assert kept == [f"{n}".encode() for n in range(40)]
    send(40)
    # The slow one and this last one are there too, and nothing that is old.
    assert len(list(folder.iterdir())) == 42
