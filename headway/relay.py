"""Where a job's process hears its child processes: a local socket, read by one thread into the one reporter."""

import json
import os
import selectors
import socket
import stat
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from headway import values
from headway.bar import Bar, Mirror
from headway.child import DISMISSED, HEARD, LINE_MAX_BYTES

CONNECTIONS_MAX = 512
BARS_A_CHILD_MAX = 1_000
_CHUNK_BYTES = 1 << 16
_BACKLOG = 128
_SENTENCE_MAX_CHARS = 300
_LAST_WORDS_S = 1.0
# A socket's address ends at 107 bytes on Linux, at 103 on macOS.
_PATH_MAX_BYTES = 100


class Sink(Protocol):
    """What the relay asks of the reporter."""

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take values."""

    def log(self, line: object) -> None:
        """Take a log line."""

    def take_points(self, points: list[Any], dropped: int) -> None:
        """Take metric points."""

    def mirror(self, desc: object, unit: object, weight: object, inside: Bar | None) -> Mirror:
        """Take in a bar."""

    def close_bar(self, bar: Bar, *, complete: bool = False) -> None:
        """End a bar."""

    def complain(self, sentence: str) -> None:
        """Say once in the log that something was wrong."""


class Relay:
    """Listens from construction to `close`; `address` is None where no socket could be made."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._children: dict[socket.socket, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._closing, self._close = socket.socketpair()
        self._server = socket.socket(socket.AF_UNIX)
        self._ending = False
        self.address: str | None = None
        try:
            path = _folder() / f"{os.getpid()}-{token_hex(4)}.sock"
            self._server.bind(str(path))
            self._server.listen(_BACKLOG)
        except OSError as error:
            sink.complain(f"child processes cannot report: {error}")
            return
        self.address = str(path)
        self._server.setblocking(False)
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._closing, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="headway-relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take what children have sent so far, waiting for it at most 1 s, and stop listening."""
        if self.address is not None:
            # A job may have closed every file descriptor: then the thread hears of nothing any more, not even of this.
            with suppress(OSError):
                self._close.send(b"x")
                self._thread.join(2 * _LAST_WORDS_S)
            with suppress(OSError):
                Path(self.address).unlink()
        connections = list(self._children)
        for connection in connections:
            _say(connection, DISMISSED)
        for one in (self._closing, self._close, self._server, *connections):
            with suppress(OSError):
                one.close()
        with suppress(OSError):
            self._selector.close()

    def _serve(self) -> None:
        while not self._ending:
            self._select(None)
        # Until everybody has been silent for a moment: what was sent before the end counts.
        deadline_s = time.monotonic() + _LAST_WORDS_S
        while self._select(0) and time.monotonic() < deadline_s:
            pass
        for child in self._children.values():
            child.end()

    def _select(self, timeout_s: float | None) -> bool:
        try:
            ready = [key.fileobj for key, _ in self._selector.select(timeout_s)]
        except OSError as error:  # a job may close every file descriptor, ours among them
            self._sink.complain(f"child processes can no longer report: {error}")
            self._ending = True
            return False
        for one in ready:
            if one is self._closing:
                self._ending = True
                self._selector.unregister(self._closing)
            elif one is self._server:
                self._accept()
            elif isinstance(one, socket.socket):
                self._read(one)
        return bool(ready)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._server.accept()
            if len(self._children) >= CONNECTIONS_MAX:
                self._sink.complain(f"of more than {CONNECTIONS_MAX} child processes the first are heard")
                connection.close()
                return
            connection.setblocking(False)
            _say(connection, HEARD)
            self._children[connection] = _Child(self._sink)
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        child = self._children[connection]
        try:
            chunk = connection.recv(_CHUNK_BYTES)
            if chunk and child.take(chunk):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        except Exception:  # whatever a foreign program may send, and this thread hears all the others too
            self._sink.complain("a child process sent what is no report, and is no longer heard")
        child.end()
        del self._children[connection]
        self._selector.unregister(connection)
        _say(connection, DISMISSED)
        connection.close()


class _Child:
    """One connection: its unfinished line, and its bars by its own numbers."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._bars: dict[int, Mirror] = {}
        self._rest = bytearray()

    def take(self, chunk: bytes) -> bool:
        """Take in some bytes; False if a line grows too long.

        Raises:
            Exception: what was sent is no report.
        """
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        for line in lines:
            self._apply(json.loads(line, parse_constant=lambda name: None))
        if len(rest) <= LINE_MAX_BYTES:
            return True
        self._sink.complain(f"a child process sent more than {LINE_MAX_BYTES >> 20} MB at once, and is no longer heard")
        return False

    def end(self) -> None:
        """The process has ended: so have its loops."""
        for bar in reversed(self._bars.values()):
            self._sink.close_bar(bar)

    def _apply(self, line: dict[str, Any]) -> None:
        if "said" in line:
            self._sink.report(*line["said"])
        for log_line in line.get("logs", ()):
            self._sink.log(log_line)
        for sentence in line.get("complaints", ()):
            self._sink.complain(values.text(sentence, _SENTENCE_MAX_CHARS))
        if "points" in line:
            points = [(int(at), values.metric_name(name), values.number(value)) for at, name, value in line["points"]]
            self._sink.take_points(points, int(line.get("dropped", 0)))
        for described in line.get("bars", ()):
            self._place(*described)
        for bar_id in line.get("gone", ()):
            bar = self._bars.pop(bar_id, None)
            if bar is not None:
                self._sink.close_bar(bar)

    def _place(
        self, bar_id: int, parent: int | None, desc: object, n: object, total: object, unit: object, weight: object,
        fraction: object, closed: object,
    ) -> None:  # fmt: skip
        bar = self._bars.get(bar_id)
        if bar is None:
            if len(self._bars) >= BARS_A_CHILD_MAX:
                return
            inside = None if parent is None else self._bars.get(parent)
            bar = self._bars[bar_id] = self._sink.mirror(desc, unit, weight, inside)
        bar.n, bar.total = values.count(n) or 0, values.total(total)
        share = values.number(fraction)
        bar.told = None if share is None else min(max(float(share), 0.0), 1.0)
        if closed:
            self._sink.close_bar(bar)


def _say(connection: socket.socket, word: bytes) -> None:
    with suppress(OSError):
        connection.send(word)


def _folder() -> Path:
    """A folder for sockets that only this user can open, rid of those whose processes are gone."""
    folder = Path(tempfile.gettempdir()) / f"headway-{os.getuid()}"
    if len(os.fsencode(folder)) > _PATH_MAX_BYTES - len("/4194304-12345678.sock"):
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077 or not stat.S_ISDIR(found.st_mode):
        return Path(tempfile.mkdtemp(prefix="headway-"))
    for left in folder.glob("*.sock"):
        pid = left.name.partition("-")[0]
        if pid.isdigit() and not _lives(int(pid)):
            left.unlink(missing_ok=True)
    return folder


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
