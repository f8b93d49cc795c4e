"""Uploads by the client: whole, in pieces, from whatever can be read, and refused with a sentence."""

import asyncio
import gzip
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest

from headway.client import AsyncClient, Client, Upload
from headway.errors import ApiUnavailable, BadInput, StorageFull, TooLarge
from headway.files import resolve
from headway.settings import Settings
from tests import fixtures
from tests.headway.scripted_api import ScriptedApi
from tests.ports import free_port
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

module_redis_url = fixtures.module_redis_url

LIMIT = 1_000_000
CONTENT = b"a,b\r\n1,2\r\n" * 50_000
ANSWER = {"file_id": "f" * 32, "bytes": 3, "name": "t.csv"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def api(module_redis_url: str, data_dir: Path) -> Iterator[ApiServer]:
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(data_dir), HEADWAY_FILE_MAX_BYTES=str(LIMIT)) as server:
        yield server


@pytest.fixture
def client(api: ApiServer) -> Iterator[Client]:
    with Client(api.url) as client:
        yield client


@pytest.fixture
def scripted() -> Iterator[ScriptedApi]:
    with ScriptedApi() as server:
        yield server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_bytes(CONTENT)
    return path


def kept(data_dir: Path, upload: Upload) -> bytes:
    return resolve(upload.file_id, Settings(data_dir=data_dir)).read_bytes()


def names_in(data_dir: Path) -> set[str]:
    folder = data_dir / "files"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


class Odd(io.BytesIO):
    """A file that does something before each piece that is read of it, and keeps how much each was to be."""

    def __init__(self, content: bytes, before: Callable[["Odd"], None] = lambda file: None) -> None:
        super().__init__(content)
        self.asked: list[int] = []
        self.before = before

    def read(self, n_bytes: int | None = -1, /) -> bytes:
        self.asked.append(-1 if n_bytes is None else n_bytes)
        self.before(self)
        return super().read(n_bytes)


def pipe_of(content: bytes, stack: ExitStack) -> IO[bytes]:
    """The end of a pipe to read from; what fits into one is written already."""
    out, into = os.pipe()
    with os.fdopen(into, "wb") as file:
        file.write(content)
    return stack.enter_context(os.fdopen(out, "rb"))


@pytest.mark.parametrize("kind", [Path, str])
def test_a_path_is_sent_whole_under_its_own_name(
    client: Client, data_dir: Path, path: Path, kind: Callable[[Path], Path | str]
) -> None:
    upload = client.upload(kind(path))
    assert (upload.bytes, upload.name) == (len(CONTENT), "t.csv")
    assert kept(data_dir, upload) == CONTENT


def half_read(path: Path, stack: ExitStack) -> IO[bytes]:
    file = stack.enter_context(path.open("rb"))
    file.read(len(CONTENT) // 2)
    return file


def decompressed(path: Path, stack: ExitStack) -> IO[bytes]:
    path.write_bytes(gzip.compress(CONTENT))
    return stack.enter_context(gzip.open(path))


@pytest.mark.parametrize(
    ("file_of", "content", "name"),
    [
        (lambda path, stack: io.BytesIO(CONTENT), CONTENT, "file"),
        (lambda path, stack: io.BytesIO(), b"", "file"),
        (half_read, CONTENT, "t.csv"),
        (decompressed, CONTENT, "t.csv"),
        (lambda path, stack: pipe_of(CONTENT[:10_000], stack), CONTENT[:10_000], "file"),
    ],
    ids=["memory", "empty", "half read", "decompressed", "pipe"],
)
def test_an_open_file_is_sent_whole_and_left_open(
    client: Client, data_dir: Path, path: Path, stack: ExitStack, file_of: Any, content: bytes, name: str
) -> None:
    file = file_of(path, stack)
    upload = client.upload(file)
    assert (kept(data_dir, upload), upload.name) == (content, name)
    assert not file.closed


@pytest.mark.parametrize(
    ("name", "kept_as"),
    [("flights.csv", "flights.csv"), ("", "file"), ("ü 1.csv", "ü 1.csv"), ("x\udcff.csv", "x?.csv"), ("a/b", "b")],
)
def test_a_name_of_ones_own_is_kept(client: Client, path: Path, name: str, kept_as: str) -> None:
    assert client.upload(io.BytesIO(b"a\n"), name=name).name == kept_as
    assert client.upload(path, name=name).name == kept_as


def test_a_file_is_read_in_pieces(client: Client) -> None:
    file = Odd(CONTENT)
    client.upload(file)
    # -1 would be all of it.
    assert min(file.asked) >= 0
    assert max(file.asked) <= len(CONTENT) / 4


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda folder: folder / "nothing.csv", "nothing.csv' cannot be read: no such file"),
        (lambda folder: folder / "t.csv" / "more", "cannot be read: not a directory"),
        (lambda folder: folder, "is a folder"),
        (lambda folder: folder / "pipe", "is not a regular file"),
        (lambda folder: "nul\0byte", "cannot be read: .*null"),
        (lambda folder: "x" * 10_000, "cannot be read: file name too long"),
        (lambda folder: b"bytes", "neither a path nor a file"),
        (lambda folder: None, "neither a path nor a file"),
        (lambda folder: io.StringIO("a\n"), "'file' is no binary file"),
        (lambda folder: io.StringIO(""), "'file' is no binary file"),
        (lambda folder: gzip.GzipFile(fileobj=io.BytesIO(b"a,b\n")), "cannot be read: not a gzipped file"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(
    client: Client, data_dir: Path, path: Path, given: Callable[[Path], Any], sentence: str
) -> None:
    os.mkfifo(path.parent / "pipe")
    before = names_in(data_dir)
    with pytest.raises(BadInput, match=f"(?i){sentence}") as refused:
        client.upload(given(path.parent))
    assert len(str(refused.value)) < 400
    wait_for(lambda: names_in(data_dir) == before, 15, "nothing of it is kept")


def test_a_closed_file_is_refused(client: Client) -> None:
    file = io.BytesIO(b"a\n")
    file.close()
    with pytest.raises(BadInput, match="closed file"):
        client.upload(file)


def test_a_file_that_grows_is_sent_as_long_as_it_was(client: Client, data_dir: Path, path: Path) -> None:
    def grow(file: Odd) -> None:
        place = file.tell()
        file.seek(0, os.SEEK_END)
        file.write(b"more")
        file.seek(place)

    assert kept(data_dir, client.upload(Odd(CONTENT, grow))) == CONTENT


def test_a_file_that_becomes_shorter_is_refused_and_not_kept(client: Client, data_dir: Path) -> None:
    before = names_in(data_dir)
    with pytest.raises(BadInput, match="has become shorter while it was sent"):
        client.upload(Odd(CONTENT, lambda file: file.truncate(100_000)))
    wait_for(lambda: names_in(data_dir) == before, 15, "nothing of it is kept")


@pytest.mark.parametrize(
    "file_of",
    [
        lambda stack: io.BytesIO(bytes(LIMIT + 1)),
        lambda stack: io.BytesIO(bytes(20 * LIMIT)),
        lambda stack: Odd(bytes(20 * LIMIT)),
    ],
    ids=["by a byte", "by far", "by far, read slowly"],
)
def test_a_file_over_the_cap_is_said_to_be_too_large(client: Client, stack: ExitStack, file_of: Any) -> None:
    with pytest.raises(TooLarge, match=r"larger than \d+ bytes"):
        client.upload(file_of(stack))


def test_no_room_is_an_error_of_its_own(scripted: ScriptedApi) -> None:
    scripted.answer("POST", "/files", 507, {"type": "urn:headway:storage-full", "detail": "there is no room left"})
    with Client(scripted.url) as client, pytest.raises(StorageFull, match="there is no room left"):
        client.upload(io.BytesIO(b"a\n"))


def test_without_an_api_the_sentence_says_what_to_do(path: Path) -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(ApiUnavailable, match="make run"):
        client.upload(path)


def test_an_upload_whose_answer_was_lost_is_sent_again_from_its_beginning(scripted: ScriptedApi, path: Path) -> None:
    # More bytes promised than sent: the server breaks the connection off in the middle of its answer.
    scripted.answer("POST", "/files", 201, b"{", {"Content-Length": "99"})
    scripted.answer("POST", "/files", 201, ANSWER)
    with Client(scripted.url) as client:
        assert client.upload(path).file_id == ANSWER["file_id"]
    assert [CONTENT in seen.body for seen in scripted.seen] == [True, True]


def test_an_api_that_dies_meanwhile_is_said_to_be_away(module_redis_url: str, tmp_path: Path) -> None:
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as api, Client(api.url) as client:

        def kill(file: Odd) -> None:
            if len(file.asked) == 4:
                api.process.kill()
                api.process.wait()

        with pytest.raises(ApiUnavailable, match="no API answers at"):
            client.upload(Odd(CONTENT, kill))


def test_what_can_be_read_once_is_sent_once(scripted: ScriptedApi, stack: ExitStack) -> None:
    scripted.answer("POST", "/files", 201, b"{", {"Content-Length": "99"})
    with Client(scripted.url) as client, pytest.raises(ApiUnavailable):
        client.upload(pipe_of(b"abc", stack))
    assert len(scripted.seen) == 1


def test_an_upload_may_take_longer_than_one_piece_of_it(client: Client, api: ApiServer) -> None:
    # Eight pieces from a slow disk: together they take longer than the time-out.
    slow = Odd(CONTENT, lambda file: time.sleep(0.3))
    start = time.monotonic()
    with Client(api.url, timeout_s=2) as hasty:
        assert hasty.upload(slow).bytes == len(CONTENT)
    assert time.monotonic() - start > 2


def upload_async(api: ApiServer | ScriptedApi, path_or_file: Path | IO[bytes]) -> Upload:
    async def send() -> Upload:
        async with AsyncClient(api.url) as client:
            return await client.upload(path_or_file)

    return asyncio.run(send())


def test_the_asyncio_client_sends_a_file_whole_too(api: ApiServer, data_dir: Path, path: Path) -> None:
    upload = upload_async(api, path)
    assert (upload.bytes, upload.name) == (len(CONTENT), "t.csv")
    assert kept(data_dir, upload) == CONTENT


def test_the_asyncio_client_raises_the_same_errors(api: ApiServer, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        upload_async(api, tmp_path / "nowhere.csv")
    with pytest.raises(TooLarge):
        upload_async(api, io.BytesIO(b"x" * (LIMIT + 1)))
    file = Odd(CONTENT, before=lambda file: file.truncate(10))
    with pytest.raises(BadInput, match="shorter"):
        upload_async(api, file)


def test_the_asyncio_client_sends_a_file_again_whose_answer_was_lost(scripted: ScriptedApi, path: Path) -> None:
    scripted.answer("POST", "/files", 201, b"{", {"Content-Length": "99"})
    scripted.answer("POST", "/files", 201, ANSWER)
    assert upload_async(scripted, path).file_id == ANSWER["file_id"]
    assert [CONTENT in seen.body for seen in scripted.seen] == [True, True]


def test_an_event_loop_goes_on_while_a_file_cannot_be_read_yet(api: ApiServer) -> None:
    begun, readable = threading.Event(), threading.Event()

    def wait_until_readable(file: Odd) -> None:
        begun.set()
        assert readable.wait(15), "nobody came to make it readable"

    async def send() -> Upload:
        async with AsyncClient(api.url) as client:
            uploading = asyncio.create_task(client.upload(Odd(CONTENT, wait_until_readable)))
            await asyncio.to_thread(begun.wait, 15)
            readable.set()
            return await uploading

    assert asyncio.run(send()).bytes == len(CONTENT)
