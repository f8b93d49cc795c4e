"""A real PostgreSQL of our own, on a unix socket in a folder of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from tests.needs import need
from tests.wait import wait_for

START_S = 30.0
STOP_S = 20.0
# Nobody's data are here that a crash of the machine might take.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50", "shared_buffers=32MB")


class PostgresServer:
    """A running server.

    Args:
        folder: where its data, its log and its socket are.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._folder = folder
        self._names = (f"t{i}" for i in count())

    def new_database(self) -> str:
        """The address of an empty database."""
        name = next(self._names)
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://headway@/{name}?host={self._folder}"

    def answers(self) -> bool:
        """Whether it takes connections; fails the test if it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"postgres ended: {(self._folder / 'log').read_text(errors='replace')}")
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"host={self._folder} user=headway dbname=postgres", autocommit=True)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start one, and leave nothing of it behind."""
    initdb, postgres = _program("initdb"), _program("postgres")
    # pytest's own folders are closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="headway-pg-"))
    try:
        before = _as_other_user(folder)
        data = folder / "data"
        subprocess.run(
            [*before, initdb, "-D", data, "-U", "headway", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        options = [
            part
            for option in (*_QUICK, "listen_addresses=", f"unix_socket_directories={folder}")
            for part in ("-c", option)
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*before, postgres, "-D", data, *options], stdout=log, stderr=log, cwd=folder)
        server = PostgresServer(folder, process)
        try:
            wait_for(server.answers, START_S, "PostgreSQL answers")
            yield server
        finally:
            _stop(server, data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """Where a program of PostgreSQL's is; Debian keeps them off the PATH."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    need(found is not None, f"PostgreSQL's {name}")
    return found or ""


def _as_other_user(folder: Path) -> Sequence[str]:
    """What to put before a command: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return ()
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ("runuser", "-u", "postgres", "--")


def _stop(server: PostgresServer, data: Path) -> None:
    """End the server by the id that it wrote down: the process that was started may be one that changed the user."""
    if server.process.poll() is None:
        pid_file = data / "postmaster.pid"
        pid = int(pid_file.read_text().split()[0]) if pid_file.exists() else server.process.pid
        # At once, without waiting for those who are connected.
        os.kill(pid, signal.SIGINT)
        server.process.wait(STOP_S)
