"""From a write in the store to the clients' sockets: how late, how many, beside a bare relay."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import bare_relay, crowd, writing
from tests.benchmarks.child import Child, in_child
from tests.benchmarks.figure import Figure, against, at_least, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, side_by_side
from tests.ports import free_port
from tests.servers import api_server
from tests.wait import wait_for

#: After the last write a crowd may go on for that long, in seconds.
_LATE_S = 30.0


@dataclass(frozen=True)
class Load:
    """So many jobs, each written so often a second for so many seconds, and watched by so many clients."""

    jobs: int
    clients_each: int
    per_s: float
    seconds: float


@dataclass(frozen=True)
class Server:
    """Where clients connect to, and what each says first to follow a job."""

    port: int
    hello: Callable[[str], str]


def latency(rounds: int) -> list[Figure]:
    """One client of one job."""
    measured = _measure(Load(jobs=1, clients_each=1, per_s=200, seconds=5), rounds)
    return [
        against("delivery-p50", "ms", *measured("p50_ms"), at_most(1.5)),
        against("delivery-p99", "ms", *measured("p99_ms"), at_most(2.0)),
    ]


def one_job(rounds: int) -> list[Figure]:
    """A thousand clients of one job."""
    measured = _measure(Load(jobs=1, clients_each=1_000, per_s=100, seconds=5), rounds)
    return [
        against("fanout", "frames/s", *measured("frames_per_s"), at_least(0.9)),
        against("fanout-p99", "ms", *measured("p99_ms"), at_most(3.0)),
    ]


def many_jobs(rounds: int) -> list[Figure]:
    """Two hundred jobs, five clients each."""
    measured = _measure(Load(jobs=200, clients_each=5, per_s=10, seconds=5), rounds)
    return [
        against("fanout-many", "frames/s", *measured("frames_per_s"), at_least(0.9)),
        against("fanout-many-p99", "ms", *measured("p99_ms"), at_most(3.0)),
    ]


def _measure(load: Load, rounds: int) -> Callable[[str], tuple[list[float], list[float]]]:
    with private_redis() as url, headway(url) as ours, bare(url) as peer:
        return side_by_side(lambda: run(url, ours, load), lambda: run(url, peer, load), rounds).of


def run(redis_url: str, server: Server, load: Load) -> Measured:
    """Let a crowd watch while the jobs are written: `frames`, `frames_per_s`, `p50_ms` and `p99_ms`."""
    job_ids = in_child(writing.create_jobs, redis_url=redis_url, count=load.jobs)
    hellos = [server.hello(job_id) for job_id in job_ids]
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        deadline_s = load.seconds + _LATE_S
        with Child(
            crowd.watch,
            port=server.port,
            hellos=hellos,
            each=load.clients_each,
            ready_path=str(ready),
            last_stamp=writing.LAST,
            deadline_s=deadline_s,
        ) as watching:
            wait_for(lambda: ready.exists() or watching.process.poll() is not None, 60, "the crowd is there")
            in_child(writing.write, redis_url=redis_url, job_ids=job_ids, per_s=load.per_s, seconds=load.seconds)
            measured: Measured = watching.result()
            return measured


@contextmanager
def headway(redis_url: str) -> Iterator[Server]:
    """headway's API."""
    with tempfile.TemporaryDirectory() as folder, api_server(redis_url, HEADWAY_DATA_DIR=folder) as api:
        port = int(api.url.rpartition(":")[2])
        yield Server(port, lambda job_id: crowd.hello(port, f"/ws/{job_id}").decode())


@contextmanager
def bare(redis_url: str) -> Iterator[Server]:
    """The bare relay, listening."""
    port = free_port()
    with Child(bare_relay.serve, redis_url=redis_url, port=port):
        wait_for(lambda: _listens(port), 20, "the relay listens")
        yield Server(port, lambda job_id: f"job:{job_id}:updates\n")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
