"""A worker that is idle, told to stop, or left with an empty Redis, while Redis is away."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway import workers
from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.servers import process, worker_process
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


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_worker_whose_redis_stays_away_for_too_long_ends_and_says_so(
    server: RedisServer, floor: Floor, tmp_path: Path, busy: bool
) -> None:
    command = [sys.executable, "-m", "headway.cli", "worker", "--tasks", *JOBS]
    with process(command, {"REDIS_URL": server.url, "HEADWAY_OUTAGE_S": "1"}) as (worker, log):
        wait_for(lambda: floor.store.run(workers.names()), 20, "the worker announces itself")
        if busy:
            floor.running(floor.submit("wait_for_file", path=str(tmp_path / "go")))
        server.kill()
        (tmp_path / "go").touch()
        try:
            assert worker.wait(25) == 1
        finally:
            server.start()
        last = log.read_text().splitlines()[-1]
        assert last.startswith("headway: worker ")
        assert "nobody told it to: Redis was away for longer than HEADWAY_OUTAGE_S" in last


def test_a_worker_whose_loop_ends_with_an_error_says_that_nobody_told_it_to(server: RedisServer, floor: Floor) -> None:
    command = [sys.executable, "-m", "headway.cli", "worker", "--tasks", *JOBS]
    with process(command, {"REDIS_URL": server.url}) as (worker, log):
        (name,) = wait_for(lambda: floor.store.run(workers.names()), 20, "the worker announces itself")
        # What RQ does not expect: its queue is no list.
        floor.store.redis.set("rq:queue:headway-default", "x")
        assert worker.wait(20) == 1
        assert f"headway: worker {name} ended, and nobody told it to: " in log.read_text()
