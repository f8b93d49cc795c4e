"""A Redis that goes away costs a worker nothing: not its process, not its job, not the job's end."""

import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.test_rq_worker import JOBS, Floor

#: Stock RQ's worker gives up after about four seconds.
AWAY_S = 6.0

pytestmark = [pytest.mark.timeout(120)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def floor(server: RedisServer) -> Iterator[Floor]:
    floor = Floor(server.url)
    yield floor
    floor.close()


@pytest.fixture
def worker(server: RedisServer) -> Iterator[subprocess.Popen[bytes]]:
    with worker_process(server.url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="1") as worker:
        yield worker


@contextmanager
def away(server: RedisServer, seconds: float = AWAY_S, *, empty: bool = False) -> Iterator[None]:
    """Redis is killed, the block runs, and after so many seconds it is started again."""
    server.kill()
    back = threading.Timer(seconds, _back, (server, empty))
    back.start()
    try:
        yield
    finally:
        back.join()
    server.wait_ready()


def _back(server: RedisServer, empty: bool) -> None:
    if empty:
        shutil.rmtree(server.data_dir / "appendonlydir")
    server.start()


def finished_once(floor: Floor, job_id: str, result: object) -> None:
    wait_for(lambda: _ended(floor, job_id), 30, "the job ends")
    last = floor.now(job_id)
    assert (last.status, last.result, last.attempt) == ("finished", result, 1)
    assert len(floor.store.run(floor.store.calls.attempts(job_id))) == 1
    wait_for(lambda: floor.rq_status(job_id) == "finished", 10, "RQ agrees")


def _ended(floor: Floor, job_id: str) -> bool:
    stored = floor.store.read(job_id)
    return stored is not None and stored.snapshot.status.terminal


def test_an_outage_in_the_middle_of_a_job_is_not_noticed(
    server: RedisServer, floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
    floor.running(job_id)
    with away(server):
        pass
    assert worker.poll() is None
    assert floor.now(job_id).status == "running"
    (tmp_path / "go").touch()
    finished_once(floor, job_id, "seen")
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    assert worker.poll() is None


def test_a_job_that_ends_during_an_outage_says_so_afterwards(
    server: RedisServer, floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
    floor.running(job_id)
    with away(server):
        (tmp_path / "go").touch()
    finished_once(floor, job_id, "seen")
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    assert worker.poll() is None


def test_an_idle_worker_takes_the_next_job_after_an_outage(
    server: RedisServer, floor: Floor, worker: subprocess.Popen[bytes]
) -> None:
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    with away(server):
        pass
    assert floor.ended(floor.submit("add", a=2, b=2)).result == 4
    assert worker.poll() is None


def test_a_redis_that_comes_back_empty_learns_how_the_job_ended(
    server: RedisServer, floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
    floor.running(job_id)
    with away(server, 1.0, empty=True):
        pass
    wait_for(lambda: floor.store.read(job_id) is not None, 15, "the job is told again")
    (tmp_path / "go").touch()
    assert floor.ended(job_id).result == "seen"
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    assert worker.poll() is None


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_worker_told_to_stop_during_an_outage_ends(
    server: RedisServer, floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path, busy: bool
) -> None:
    if busy:
        floor.running(floor.submit("wait_for_file", path=str(tmp_path / "never")))
    server.kill()
    try:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    finally:
        server.start()
    assert Store(floor.settings).redis.ping()
