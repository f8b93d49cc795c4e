"""A worker that is idle, told to stop, or left with a slow, frozen or empty Redis."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from headway import workers
from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.headway.proxy import Proxy
from tests.servers import Running, runs, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: Stock RQ's worker gives up after about four seconds.
AWAY_S = 6.0
#: Longer than one command may take.
FROZEN_S = 4.0

pytestmark = [pytest.mark.timeout(120)]


@pytest.fixture
def redis_url(server: RedisServer) -> str:
    return server.url


@pytest.fixture
def worker(server: RedisServer) -> Iterator[Running]:
    with worker_process(server.url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="1") as worker:
        yield worker


@pytest.fixture
def held(floor: Floor, tmp_path: Path) -> str:
    """A job that is submitted; it ends when `go` is there."""
    return floor.submit("hold", go=str(tmp_path / "go"), runs=str(tmp_path / "ran"))


def ran_once(floor: Floor, job_id: str, tmp_path: Path) -> None:
    """The job finishes, RQ agrees, and it was run once."""
    assert floor.ended(job_id).status == "finished"
    floor.agrees(job_id)
    assert (tmp_path / "ran").read_text() == "runs\nthrough\n"


def start_empty(server: RedisServer) -> None:
    shutil.rmtree(server.data_dir / "appendonlydir")
    server.start()


def is_registered(floor: Floor, worker: Running) -> bool:
    """Whether RQ and headway both list the worker, whole."""
    redis = floor.store.redis
    known = [found.pid for found in Worker.all(redis)]
    queue = Queue("headway-default", connection=redis, serializer=JSONSerializer)
    served = [found.pid for found in Worker.all(queue=queue)]
    said = [info.pid for info in floor.store.run(workers.details(floor.store.run(workers.names())))]
    return known == served == said == [worker.pid]


def test_an_idle_worker_takes_the_next_job_after_an_outage(server: RedisServer, floor: Floor, worker: Running) -> None:
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    server.kill()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(AWAY_S)
    server.start()
    assert floor.ended(floor.submit("add", a=2, b=2)).result == 4
    assert worker.poll() is None


@pytest.mark.parametrize("across_the_end", [False, True], ids=["in the middle", "across the end"])
def test_a_redis_that_comes_back_empty_learns_of_the_worker_and_how_the_job_ended(
    server: RedisServer, floor: Floor, worker: Running, held: str, tmp_path: Path, across_the_end: bool
) -> None:
    floor.running(held)
    server.kill()
    if across_the_end:
        (tmp_path / "go").touch()
        wait_for(lambda: "through" in (tmp_path / "ran").read_text(), 10, "the function's end")
    start_empty(server)
    wait_for(lambda: floor.store.read(held) is not None, 15, "the job is told again")
    (tmp_path / "go").touch()
    ran_once(floor, held, tmp_path)
    wait_for(lambda: is_registered(floor, worker), 10, "the worker is known again")
    (found,) = Worker.all(floor.store.redis)
    assert (found.birth_date is not None, found.get_state()) == (True, "idle")
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    assert worker.poll() is None


def test_a_busy_worker_is_known_again_to_a_redis_that_came_back_empty(
    server: RedisServer, floor: Floor, worker: Running, held: str, tmp_path: Path
) -> None:
    floor.running(held)
    server.kill()
    start_empty(server)
    wait_for(lambda: is_registered(floor, worker), 10, "the worker is known again")
    assert Worker.all(floor.store.redis)[0].get_state() == "busy"
    assert floor.store.run(workers.details(floor.store.run(workers.names())))[0].job_id == held


@pytest.mark.slow
def test_a_slow_redis_delays_a_job_and_its_end_and_nothing_else(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    with Proxy(server.url) as proxy, worker_process(proxy.url, JOBS) as worker:
        job_id = floor.submit("hold", go=str(tmp_path / "go"), runs=str(tmp_path / "ran"))
        floor.running(job_id)
        (horse,) = psutil.Process(worker.pid).children()
        proxy.hold_up(1.0)
        before = floor.now(job_id)
        wait_for(lambda: floor.now(job_id).seq > before.seq + 1, 15, "the job goes on reporting")
        (tmp_path / "go").touch()
        wait_for(lambda: floor.now(job_id).status.terminal, 15, "the job ends")
        wait_for(lambda: not runs(horse), 40, "the work-horse ends")
        proxy.hold_up(0.0)
        ran_once(floor, job_id, tmp_path)
        assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
        assert worker.poll() is None


def test_a_redis_that_is_frozen_across_a_jobs_end_delays_it_and_nothing_else(
    server: RedisServer, floor: Floor, worker: Running, held: str, tmp_path: Path
) -> None:
    floor.running(held)
    os.kill(server.pid, signal.SIGSTOP)
    thaw = threading.Timer(FROZEN_S, os.kill, (server.pid, signal.SIGCONT))
    thaw.start()
    (tmp_path / "go").touch()
    thaw.join()
    ran_once(floor, held, tmp_path)
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
    assert worker.poll() is None


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_worker_told_to_stop_during_an_outage_ends(
    server: RedisServer, floor: Floor, worker: Running, tmp_path: Path, busy: bool
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


def test_a_worker_told_to_stop_that_is_never_told_what_redis_it_has_ends(server: RedisServer) -> None:
    with Proxy(server.url) as proxy:
        proxy.lose_replies(1_000, to=b"INFO\r\n$6\r\nserver")
        with worker_process(proxy.url, JOBS) as worker:
            wait_for(lambda: proxy.lost, 15, "the worker asks")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0


@pytest.mark.parametrize("command", [b"LMOVE", b":spec"])
def test_a_worker_told_to_stop_with_a_job_that_it_has_only_just_taken_puts_it_back(
    server: RedisServer, floor: Floor, command: bytes
) -> None:
    jobs = [floor.submit("add", job_id=f"job-{n}", a=1, b=n) for n in range(2)]
    with Proxy(server.url) as proxy:
        proxy.hold_up(1.0, to=command)
        with worker_process(proxy.url, JOBS) as worker:
            wait_for(lambda: proxy.held_up, 10, "the worker takes a job")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
    specs = [floor.store.run(floor.store.calls.spec(job_id)) for job_id in jobs]
    assert [floor.engine.position(spec, 1) for spec in specs if spec] == [0, 1]
    assert [floor.now(job_id).status for job_id in jobs] == ["queued", "queued"]


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_worker_whose_redis_stays_away_for_too_long_ends_and_says_so(
    server: RedisServer, floor: Floor, tmp_path: Path, busy: bool
) -> None:
    with worker_process(server.url, JOBS, HEADWAY_OUTAGE_S="1") as worker:
        if busy:
            floor.running(floor.submit("wait_for_file", path=str(tmp_path / "go")))
        server.kill()
        (tmp_path / "go").touch()
        try:
            assert worker.wait(25) == 1
        finally:
            server.start()
        last = worker.log.read_text().splitlines()[-1]
        assert last.startswith("headway: worker ")
        assert "nobody told it to: Redis was away for longer than HEADWAY_OUTAGE_S" in last


def test_a_worker_whose_loop_ends_with_an_error_says_that_nobody_told_it_to(
    server: RedisServer, floor: Floor, worker: Running
) -> None:
    (name,) = floor.store.run(workers.names())
    # What RQ does not expect: its queue is no list.
    floor.store.redis.set("rq:queue:headway-default", "x")
    assert worker.wait(20) == 1
    assert f"headway: worker {name} ended, and nobody told it to: " in worker.log.read_text()
