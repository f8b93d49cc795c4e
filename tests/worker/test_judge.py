"""A dead worker's job is declared lost, and nobody else's."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from headway import keys
from headway.judge import Judge, is_there
from headway.settings import Settings
from headway.snapshot import Policy
from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.servers import Running, judge_process, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: A judge that takes 3 s of silence for death instead of 12, and looks every 0.25 s.
SOON = {"HEADWAY_LOST_S": "3", "HEADWAY_HEARTBEAT_S": "0.3"}
LOST_S = 3.0


@pytest.fixture
def redis_url(server: RedisServer) -> str:
    return server.url


def all_of(worker: Running) -> list[psutil.Process]:
    """A worker and its work-horses."""
    parent = psutil.Process(worker.pid)
    return [parent, *parent.children(recursive=True)]


def kill(worker: Running) -> None:
    """End a worker and its work-horse at once, as a power cut does."""
    for process in all_of(worker):
        process.kill()


def send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    for process in processes:
        os.kill(process.pid, number)


def for_a_while(seconds: float, holds: Callable[[], bool]) -> None:
    """Fail if something stops being so within this time."""
    end_s = time.monotonic() + seconds
    with pytest.raises(AssertionError, match="did not happen"):
        wait_for(lambda: not holds(), end_s - time.monotonic(), "it is no longer so")


@contextmanager
def at_work(floor: Floor, tmp_path: Path, policy: Policy | None = None, **env: str) -> Iterator[tuple[Running, str]]:
    """A worker in the middle of a job that ends when `go` is there."""
    with worker_process(floor.settings.redis_url.get_secret_value(), JOBS, **env) as worker:
        params = {"go": str(tmp_path / "go"), "runs": str(tmp_path / "ran")}
        job_id = floor.submit("hold", policy=policy or Policy(), **params)
        floor.running(job_id)
        yield worker, job_id


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_dead_workers_job_is_shown_as_lost_within_15_seconds(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    with judge_process(server.url), at_work(floor, tmp_path) as (worker, job_id):
        kill(worker)
        died_s = time.monotonic()
        wait_for(lambda: floor.now(job_id).status == "failed", 20, "the job is shown as lost")
        took_s = time.monotonic() - died_s
    last = floor.now(job_id)
    assert last.error is not None
    assert last.error.type == "WorkerLost"
    assert took_s <= 15
    assert took_s >= 12 - floor.settings.heartbeat_s


def test_two_judges_write_one_end_that_says_who_was_silent_and_for_how_long(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    with ExitStack() as judges, at_work(floor, tmp_path, **SOON) as (worker, job_id):
        logs = [judges.enter_context(judge_process(server.url, **SOON)).log for _ in range(2)]
        name = floor.now(job_id).worker
        kill(worker)
        last = floor.ended(job_id)
        for_a_while(0.6, lambda: len(floor.store.run(floor.store.calls.attempts(job_id))) == 1)
        assert sum(log.read_text().count("is taken for dead") for log in logs) == 1
    assert last.error is not None
    assert last.error.detail == f"worker {name} was silent for 3 s: it died or was cut off"
    (ended,) = floor.store.run(floor.store.calls.attempts(job_id))
    assert (ended.worker, ended.error) == (name, last.error)
    assert floor.store.run(floor.store.calls.beats()) == {}


def test_a_worker_that_was_cut_off_and_comes_back_is_fenced_and_its_job_stops(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with judge_process(server.url, **SOON), worker_process(server.url, JOBS, **SOON) as worker:
        job_id = floor.submit("step", count=1_000_000, trace=str(trace))
        floor.running(job_id)
        processes = all_of(worker)
        send(signal.SIGSTOP, processes)
        lost = floor.ended(job_id)
        send(signal.SIGCONT, processes)
        wait_for(trace.exists, 10, "the function is left")
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
        assert floor.now(job_id) == lost


def looked(floor: Floor) -> None:
    """Wait until the judge has looked twice more."""
    for _ in range(2):
        floor.store.redis.delete(keys.JUDGE)
        wait_for(lambda: floor.store.run(is_there()), 10, "the judge looks")


def test_a_machine_that_stood_still_has_lost_nobody(server: RedisServer, floor: Floor, tmp_path: Path) -> None:
    with judge_process(server.url, **SOON) as judge, at_work(floor, tmp_path, **SOON) as (worker, job_id):
        looked(floor)
        judging, working = [psutil.Process(judge.pid)], all_of(worker)
        send(signal.SIGSTOP, judging + working)
        for_a_while(LOST_S + 0.5, lambda: floor.now(job_id).status == "running")
        # The worst order: whoever waits for a word is awake before those that have to speak.
        send(signal.SIGCONT, judging)
        looked(floor)
        send(signal.SIGCONT, working)
        (tmp_path / "go").touch()
        assert floor.ended(job_id).status == "finished"


def test_an_outage_of_redis_has_lost_nobody(server: RedisServer, floor: Floor, tmp_path: Path) -> None:
    with judge_process(server.url, **SOON), at_work(floor, tmp_path, **SOON) as (worker, job_id):
        looked(floor)
        working = all_of(worker)
        server.kill()
        send(signal.SIGSTOP, working)
        for_a_while(LOST_S, lambda: worker.poll() is None)
        server.start()
        looked(floor)
        send(signal.SIGCONT, working)
        (tmp_path / "go").touch()
        assert floor.ended(job_id).status == "finished"


def test_a_judge_that_begins_knows_of_no_silence_before_it(server: RedisServer, floor: Floor, tmp_path: Path) -> None:
    with at_work(floor, tmp_path, **SOON) as (worker, job_id):
        kill(worker)
        settings = Settings(HEADWAY_REDIS_URL=server.url, lost_s=LOST_S, heartbeat_s=0.3)
        store = Store(settings)
        for _ in range(3):
            Judge(store, settings).look()
        assert floor.now(job_id).status == "running"
        assert store.run(is_there())
        store.close()
