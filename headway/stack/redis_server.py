"""A Redis of one's own: private, durable, gone when its owner is gone."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from headway.stack.errors import StackError
from headway.stack.ports import port_problem
from headway.stack.server_binary import find_server_binary

# Linux allows 107 bytes, macOS 103.
SOCKET_PATH_MAX_BYTES = 103

# Reads until its owner says goodbye with a line, or is gone without a word: then it ends the server.
GUARD = 'trap "" HUP INT TERM; read -r line || kill -TERM "$0"'


class RedisServer:
    """Runs a Redis or Valkey server on a unix socket that only this user can open, with an append-only file.

    It is in a process group of its own, so that a Ctrl-C in the terminal does not reach it. It ends by `stop`, or
    soon after the process that started it is gone, however that ended. The same object, or another one on the same
    folder, can start it again on the same data.

    Args:
        data_dir: where the data are kept; made if need be, and closed to other users.
        port: a port of 127.0.0.1 to open as well; None opens no port.
        databases: how many numbered databases it has.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None, databases: int = 16) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.databases = databases
        self._socket = _socket_path(self.data_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The unix socket as a URL, for `Redis.from_url` and REDIS_URL; the same after a restart."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def port_url(self) -> str | None:
        """The loopback port as a URL; None if no port was asked for."""
        return None if self.port is None else f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The server's process id; -1 while it was not started."""
        return -1 if self._process is None else self._process.pid

    @property
    def lifeline(self) -> int:
        """A file descriptor: if the owner is killed, the server ends when nobody holds it any more."""
        if self._guard is None or self._guard.stdin is None:
            raise ValueError("the server was not started")
        return self._guard.stdin.fileno()

    def poll(self) -> int | None:
        """The server's exit status; None while it runs, and before the first start."""
        return None if self._process is None else self._process.poll()

    def start(self, deadline_s: float = 30) -> None:
        """Start the server and wait until it answers.

        Args:
            deadline_s: seconds that it may take, loading its data included.

        Raises:
            StackError: there is no server to start, its port is taken, another one has the folder, or it ended.
        """
        if self._process is not None and self._process.poll() is None:
            raise ValueError("the server runs already")
        binary = find_server_binary()
        if self.port is not None and (problem := port_problem("127.0.0.1", self.port)):
            raise StackError(f"port {self.port} {problem}")
        _make_private(self.data_dir)
        _make_private(self._socket.parent)
        lock = self._lock()
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    [binary, *self._options()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[lock],
                    start_new_session=True,
                    umask=0o077,
                )
        finally:
            os.close(lock)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            self.wait_ready(deadline_s)
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, deadline_s: float = 30) -> None:
        """Wait until the server answers.

        Raises:
            StackError: it ended, with the last lines that it wrote, or the deadline passed.
        """
        end = time.monotonic() + deadline_s
        client = Redis(unix_socket_path=str(self._socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))
        with client:
            while not _answers(client):
                if self.poll() is not None:
                    raise StackError(f"Redis ended at its start (exit status {self.poll()}): {self._last_lines()}")
                if time.monotonic() >= end:
                    raise StackError(f"Redis did not answer within {deadline_s:g} s: {self._last_lines()}")
                time.sleep(0.01)

    def stop(self, deadline_s: float = 10) -> None:
        """Let the server write what it has and end; kill it after the deadline. Stopping twice is harmless."""
        self._end(signal.SIGTERM, deadline_s)
        if self._socket.parent != self.data_dir:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def kill(self) -> None:
        """End the server as a crash would, for tests; `start` brings it back on what it had written."""
        self._end(signal.SIGKILL, 10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        return self.data_dir / "redis.log"

    def _options(self) -> list[str]:
        port = ["--port", "0"] if self.port is None else ["--port", str(self.port), "--bind", "127.0.0.1"]
        return [
            *port,
            *("--unixsocket", str(self._socket), "--unixsocketperm", "600"),
            *("--dir", str(self.data_dir), "--appendonly", "yes", "--save", ""),
            *("--databases", str(self.databases), "--daemonize", "no"),
        ]

    def _lock(self) -> int:
        """A locked descriptor for the server to inherit: two servers on one folder would spoil the data."""
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # A killed server's child that was rewriting the file may hold it for a moment longer.
        end = time.monotonic() + 2
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(lock)
                    raise StackError(f"another Redis already runs on {self.data_dir}") from None
            time.sleep(0.02)

    def _end(self, how: signal.Signals, deadline_s: float) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._guard is not None:
            self._guard.communicate(b"\n")
            self._guard = None

    def _last_lines(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return " / ".join([line.strip() for line in lines if line.strip()][-3:]) or "it wrote nothing"


def _socket_path(data_dir: Path) -> Path:
    """Beside the data where that will do, else in a folder that the same data always get."""
    path = data_dir / "redis.sock"
    if _fits(path):
        return path
    name = f"headway-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    for parent in (tempfile.gettempdir(), "/tmp"):
        path = Path(parent, name, "redis.sock")
        if _fits(path):
            return path
    raise StackError(f"no folder for a socket: the paths of {data_dir}, {tempfile.gettempdir()} and /tmp do not do")


def _fits(path: Path) -> bool:
    # redis-py reads a connection's description by splitting it at blanks, and the path is part of it.
    return len(os.fsencode(path)) <= SOCKET_PATH_MAX_BYTES and not re.search(r"\s", str(path))


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise StackError(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
    except OSError as error:
        raise StackError(f"{folder} cannot be made a private folder: {error.strerror}") from None


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
