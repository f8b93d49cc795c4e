"""Uploads: one multipart file part, written to disk as it arrives."""

import errno
import fcntl
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from api.answers import Upload
from headway.errors import BadInput, StorageFull, TooLarge, Unavailable
from headway.settings import Settings

#: What a part's headers may take, and what the framing of a body may add to its file, in bytes.
HEADERS_MAX = 8_192
FRAMING_MAX = 65_536
_NAME_MAX = 200
_BOUNDARY_MAX = 256
# What nothing was written to for this long was broken off, unless a process still holds its lock: a computer may sleep.
_BROKEN_OFF_S = 3_600
# The disk, the user's quota, or the size that a file may have here.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class _OnePart:
    """Takes the file out of a multipart body; `pending` is what waits to be written."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data":
            raise BadInput("send the file as multipart/form-data")
        if not 0 < len(boundary) <= _BOUNDARY_MAX:
            raise BadInput("the Content-Type names no usable boundary")
        self.pending = bytearray()
        self.name: str | None = None
        self.ended = False
        self._field = bytearray()
        self._value = bytearray()
        self._header_bytes = 0
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Read on; raises `BadInput` for what is no multipart body of one file."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadInput(f"the body is no multipart/form-data: {error}") from None

    def _begin(self) -> None:
        if self.name is not None:
            raise BadInput("send one file: the body has more than one part")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._counted(end - start)
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._counted(end - start)
        self._value += data[start:end]

    def _counted(self, n_bytes: int) -> None:
        self._header_bytes += n_bytes
        if self._header_bytes > HEADERS_MAX:
            raise BadInput(f"the part's headers are larger than {HEADERS_MAX} bytes")

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" not in options:
            raise BadInput("the part is no file: its Content-Disposition has no filename")
        self.name = clean_name(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.pending += data[start:end]

    def _end(self) -> None:
        self.ended = True


def clean_name(name: str) -> str:
    """The last part of a client's file name, printable, at most 200 characters; "file" if nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(char for char in last if char.isprintable()).strip()
    return "file" if printable in {"", ".", ".."} else printable[-_NAME_MAX:]


async def receive(content_type: str, chunks: AsyncIterator[bytes], settings: Settings) -> Upload:
    """Keep the file of a multipart body; whatever goes wrong, nothing of it stays.

    Raises:
        BadInput: the body is not one file, or broke off.
        TooLarge: the file is larger than `HEADWAY_FILE_MAX_BYTES`.
        StorageFull: the disk is full.
        Unavailable: the data folder cannot be written.
    """
    part = _OnePart(content_type)
    file_id = uuid.uuid4().hex
    folder = settings.data_dir / "files"
    unfinished = folder / f"{file_id}.part"
    try:
        file = await to_thread.run_sync(_open, folder, unfinished)
        with file:
            n_bytes = await _write(part, chunks, file, settings.file_max_bytes)
            await to_thread.run_sync(file.flush)
        unfinished.rename(folder / file_id)
    except ClientDisconnect:
        raise BadInput("the upload broke off") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull("there is no room left for uploads") from error
        raise Unavailable(f"uploads cannot be kept: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return Upload(file_id=file_id, bytes=n_bytes, name=part.name or "file")


async def _write(part: _OnePart, chunks: AsyncIterator[bytes], file: BinaryIO, max_bytes: int) -> int:
    n_bytes = 0
    async for chunk in chunks:
        part.feed(chunk)
        n_bytes += len(part.pending)
        if n_bytes > max_bytes:
            raise TooLarge(f"the file is larger than {max_bytes} bytes")
        if part.pending:
            await to_thread.run_sync(file.write, bytes(part.pending))
            part.pending.clear()
    if part.name is None:
        raise BadInput("the body has no file")
    if not part.ended:
        raise BadInput("the body ends before its last boundary")
    return n_bytes


def _open(folder: Path, unfinished: Path) -> BinaryIO:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    # A file system without locks keeps it by its age alone.
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def sweep(settings: Settings) -> None:
    """Remove uploads that no job opened for long, and what processes left that are gone.

    Any number of processes may do so in one folder at once.
    """
    now = time.time()
    # While a job is shown, so is the file that it was asked for with.
    uploads_keep_s = max(settings.files_keep_s, settings.keep_s)
    with suppress(OSError):
        for path in (settings.data_dir / "files").iterdir():
            unfinished = path.suffix == ".part"
            keep_s = _BROKEN_OFF_S if unfinished else uploads_keep_s
            with suppress(OSError):
                if now - path.stat().st_mtime > keep_s and not (unfinished and _is_being_written(path)):
                    path.unlink()


def _is_being_written(unfinished: Path) -> bool:
    with unfinished.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError)
    return False
