"""Real processes on free ports, started by one context manager each and ended by their own id."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2
import psutil
from redis import Redis

from headway import keys
from tests.ports import free_port
from tests.wait import wait_for

ROOT = Path(__file__).resolve().parent.parent
START_S = 40.0
STOP_S = 10.0


@dataclass(frozen=True)
class ApiServer:
    """A running API."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ws_url(self) -> str:
        """The same address for WebSockets."""
        return "ws" + self.url.removeprefix("http")


class Running(subprocess.Popen[bytes]):
    """A process under test, and the file with all that it said."""

    log: Path


def inherited() -> dict[str, str]:
    """What a process under test gets of our own environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


@contextmanager
def process(command: Sequence[str], env: dict[str, str], *, cwd: Path = ROOT) -> Iterator[tuple[Running, Path]]:
    """Run a command with nothing but PATH, HOME and `env`; print what it said if the block fails."""
    with tempfile.NamedTemporaryFile(prefix="headway-test-", suffix=".log", delete=False) as log:
        running = _start(command, inherited() | env, cwd, log)
    path = running.log = Path(log.name)
    try:
        yield running, path
    except BaseException:
        print(f"--- what {' '.join(command[1:4])} said ---\n{path.read_text(errors='replace')}", file=sys.stderr)
        raise
    finally:
        stop(running)
        path.unlink(missing_ok=True)


def runs(process: psutil.Process) -> bool:
    """Whether this very process still runs; one that has ended may wait long to be taken note of."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop(running: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it after `STOP_S`."""
    if running.poll() is not None:
        return
    running.send_signal(signal.SIGTERM)
    try:
        running.wait(STOP_S)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait(STOP_S)


@contextmanager
def api_server(
    redis_url: str, *, wait_ready: bool = True, port: int | None = None, module: str = "api", **env: str
) -> Iterator[ApiServer]:
    """The API on a free port; `env` are settings such as `HEADWAY_BODY_MAX_BYTES="1000"`."""
    port = port or free_port()
    settings = {"REDIS_URL": redis_url, "HEADWAY_API_PORT": str(port), **env}
    with process([sys.executable, "-m", module], settings) as (running, log):
        server = ApiServer(f"http://127.0.0.1:{port}", running, log)
        wait_for(lambda: answers(server, "/readyz" if wait_ready else "/healthz"), START_S, "the API answers")
        yield server


def answers(server: ApiServer, path: str) -> bool:
    """Whether the API answers 200 there now; fails the test if it has ended."""
    if server.process.poll() is not None:
        raise AssertionError(f"the API ended with {server.process.returncode}: {server.log.read_text()}")
    try:
        return httpx2.get(server.url + path, timeout=2).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def worker_process(
    redis_url: str, tasks: Sequence[str] = ("worker.examples",), queues: Sequence[str] = ("default",), **env: str
) -> Iterator[Running]:
    """One headway worker, ready to take jobs."""
    before = _worker_names(redis_url)
    options = [part for task in tasks for part in ("--tasks", task)]
    options += [part for queue in queues for part in ("--queue", queue)]
    command = [sys.executable, "-m", "headway.cli", "worker", *options]
    with process(command, {"REDIS_URL": redis_url, **env}) as (running, log):

        def announced() -> bool:
            if running.poll() is not None:
                raise AssertionError(f"the worker ended with {running.returncode}: {log.read_text()}")
            return bool(_worker_names(redis_url) - before)

        wait_for(announced, START_S, "the worker announces itself")
        yield running


@contextmanager
def judge_process(redis_url: str, **env: str) -> Iterator[Running]:
    """One judge that has begun to look."""
    with process([sys.executable, "-m", "headway.cli", "judge"], {"REDIS_URL": redis_url, **env}) as (running, log):

        def looks() -> bool:
            if running.poll() is not None:
                raise AssertionError(f"the judge ended with {running.returncode}: {log.read_text()}")
            return "judge: " in log.read_text()

        wait_for(looks, START_S, "the judge looks")
        yield running


def _worker_names(redis_url: str) -> set[bytes]:
    with Redis.from_url(redis_url) as client:
        return set(client.zrange(keys.WORKERS, 0, -1))


def _start(command: Sequence[str], env: dict[str, str], cwd: Path, log: IO[bytes]) -> Running:
    return Running(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
