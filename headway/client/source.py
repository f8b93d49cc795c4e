"""What an upload is read from: a file by its path, or one that is open already."""

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from headway.errors import BadInput

# A file that is decompressed while it is read has faults of its own; one that is closed is a `ValueError`.
_UNREADABLE = (OSError, EOFError, ValueError, zlib.error)


class Source:
    """A file as the multipart body reads it: as long as it was when it was measured, and its faults as `BadInput`.

    It has no `fileno`: a pipe or a decompressed file is not as long as its descriptor says.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        self._file = file
        self._at = 0
        self._length = self._measured()

    @property
    def seekable(self) -> bool:
        """Whether it can be sent a second time."""
        return self._length is not None

    def tell(self) -> int:
        """How many bytes have been read since its beginning."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go so many bytes from the beginning, or to the end; raises `OSError` where it cannot seek."""
        if self._length is None:
            raise io.UnsupportedOperation("seek")
        self._at = self._length if whence == os.SEEK_END else offset
        with self._told():
            return self._file.seek(self._at)

    def read(self, n_bytes: int) -> bytes:
        """At most so many bytes; none at the end.

        Raises:
            BadInput: it cannot be read, is no binary file, or has become shorter.
        """
        wanted = n_bytes if self._length is None else min(n_bytes, self._length - self._at)
        with self._told():
            chunk = self._file.read(wanted)
        if not isinstance(chunk, bytes):
            raise BadInput(f"{self.name!r} is no binary file: open it with mode 'rb'")
        if wanted and not chunk and self._length is not None:
            raise BadInput(f"{self.name!r} has become shorter while it was sent")
        self._at += len(chunk)
        return chunk

    def _measured(self) -> int | None:
        with self._told():
            if not (hasattr(self._file, "seekable") and self._file.seekable()):
                return None
            length = self._file.seek(0, os.SEEK_END)
            self._file.seek(0)
            return length

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as error:
            raise BadInput(f"{self.name!r} cannot be read: {_reason(error)}") from error


@contextmanager
def opened(path_or_file: str | os.PathLike[str] | IO[bytes], name: str | None) -> Iterator[Source]:
    """The source for a path, closed afterwards, or for a file, left open.

    Raises:
        BadInput: there is no such file, it is no regular one, or it cannot be read; or it is neither path nor file.
    """
    if isinstance(path_or_file, str | os.PathLike):
        with _open(Path(path_or_file)) as file:
            yield Source(file, _clean(Path(path_or_file).name if name is None else name))
    elif hasattr(path_or_file, "read"):
        own = getattr(path_or_file, "name", None)
        yield Source(path_or_file, _clean((Path(own).name if isinstance(own, str) else "") if name is None else name))
    else:
        raise BadInput(f"{path_or_file!r:.100} is neither a path nor a file opened with mode 'rb'")


def _open(path: Path) -> IO[bytes]:
    shown = f"{str(path)!r:.200}"
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BadInput(f"{shown} is a folder, not a file")
        if not stat.S_ISREG(mode):
            # Opening a pipe could wait for ever.
            raise BadInput(f"{shown} is not a regular file: open it, and pass what open() returns")
        return path.open("rb")
    except BadInput:
        raise
    except (OSError, ValueError) as error:
        raise BadInput(f"{shown} cannot be read: {_reason(error)}") from None


def _clean(name: str) -> str:
    # Names of files may hold bytes that are no text.
    return name.encode("utf-8", "replace").decode() or "file"


def _reason(error: Exception) -> str:
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
