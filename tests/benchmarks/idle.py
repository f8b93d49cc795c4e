"""What a socket weighs in the process that holds it, while its job is silent."""

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import crowd, writing
from tests.benchmarks.child import Child, in_child
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.servers import api_server
from tests.wait import wait_for

SOCKETS = 10_000
_JOBS = 100


def memory(rounds: int) -> list[Figure]:
    """Kilobytes (of 1,024 bytes) of resident memory a socket: ten thousand of them on a hundred jobs."""
    return [absolute("socket-memory", "KB", [_round() for _ in range(min(rounds, 3))], at_most(25))]


def hold(port: int, hellos: list[str], each: int, ready_path: str) -> None:
    """Connect, read the first snapshot, and stay until the process is ended."""
    clients = crowd.connect(port, [text.encode() for text in hellos for _ in range(each)])
    for client in clients:
        client.socket.setblocking(True)
        while not client.frames:
            client.read()
    Path(ready_path).touch()
    clients[0].socket.recv(1)


def _round() -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_redis() as url,
        api_server(url, HEADWAY_DATA_DIR=folder) as api,
    ):
        port = int(api.url.rpartition(":")[2])
        job_ids = in_child(writing.create_jobs, redis_url=url, count=_JOBS)
        hellos = [crowd.hello(port, f"/ws/{job_id}").decode() for job_id in job_ids]
        with _held(port, hellos, 1, Path(folder) / "warm"):
            before = _resident_kb(api.process.pid)
        with _held(port, hellos, SOCKETS // _JOBS, Path(folder) / "ready"):
            return (_resident_kb(api.process.pid) - before) / SOCKETS


@contextmanager
def _held(port: int, hellos: list[str], each: int, ready: Path) -> Iterator[None]:
    with Child(hold, port=port, hellos=hellos, each=each, ready_path=str(ready)) as holding:
        wait_for(lambda: ready.exists() or holding.process.poll() is not None, 120, "all sockets have their snapshot")
        if not ready.exists():
            holding.result()
        yield


def _resident_kb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024
