"""Jobs that come to no step, or ignore it, on real workers: paused by signal, and ended by force."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psutil
import pytest

from headway.control import Request, act
from headway.outside import fail_lost
from headway.snapshot import Action, JobError, Policy, Snapshot
from headway.stack.redis_server import RedisServer
from tests.servers import runs, worker_process
from tests.wait import wait_for
from tests.worker.floor import Floor

JOBS = ("tests.worker.jobs", "tests.worker.stubborn_jobs")
SOON_S = 3.0
LONG = 100_000
SIGNAL = Policy(pause="signal")


@pytest.fixture(scope="module")
def worker(module_redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """One whose jobs have a minute for a step when they are to pause, and half a second otherwise."""
    graces = {"HEADWAY_PAUSE_GRACE_S": "60", "HEADWAY_CANCEL_GRACE_S": "0.5", "HEADWAY_HEARTBEAT_S": "0.5"}
    with worker_process(module_redis_url, JOBS, **graces) as running:
        yield running


@pytest.fixture
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    yield floor
    floor.close()


def ask(floor: Floor, job_id: str, action: Action) -> Snapshot:
    return act(floor.store, floor.engine, job_id, Request(action, by="ann")).snapshot


def becomes(floor: Floor, job_id: str, status: str, deadline_s: float = SOON_S) -> Snapshot:
    wait_for(lambda: floor.now(job_id).status == status, deadline_s, f"the job is {status}")
    return floor.now(job_id)


def processes(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(worker.pid).children(recursive=True)


def stopped(worker: subprocess.Popen[bytes]) -> list[bool]:
    return [process.status() == psutil.STATUS_STOPPED for process in processes(worker)]


def counting(count: Path) -> None:
    before = count.read_text() if count.exists() else ""
    wait_for(lambda: count.exists() and count.read_text() not in {"", before}, 10, "the child counts")


def beats(floor: Floor, job_id: str) -> int:
    return int(floor.store.redis.hget(f"job:{job_id}:lease", "worker") or 0)


def test_a_job_in_one_long_call_is_stopped_with_its_children_and_goes_on(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    job_id = floor.submit("wait_for_child", policy=SIGNAL, count=str(count))
    floor.running(job_id)
    counting(count)
    ask(floor, job_id, "pause")
    paused = becomes(floor, job_id, "paused")

    assert (paused.control, paused.can) == (None, ["resume", "cancel"])
    assert stopped(worker) == [True, True]
    counted, beaten = count.read_text(), beats(floor, job_id)
    wait_for(lambda: beats(floor, job_id) > beaten + 1, 15, "the worker keeps the lease")
    assert count.read_text() == counted
    assert floor.now(job_id) == paused

    ask(floor, job_id, "resume")
    running = becomes(floor, job_id, "running")
    counting(count)
    assert running.control is None
    assert running.can == ["pause", "cancel"]
    count.with_suffix(".go").touch()
    assert floor.ended(job_id).result >= int(counted)


@pytest.mark.usefixtures("worker")
def test_the_clocks_of_a_stopped_job_stand_still(floor: Floor) -> None:
    job_id = floor.submit("turn", policy=SIGNAL, count=LONG)
    floor.running(job_id)
    ask(floor, job_id, "pause")
    paused = becomes(floor, job_id, "paused")
    beaten, since_s = beats(floor, job_id), monotonic()
    wait_for(lambda: beats(floor, job_id) > beaten + 1, 15, "the worker keeps the lease")
    stood_s = monotonic() - since_s
    ask(floor, job_id, "resume")
    running = becomes(floor, job_id, "running")
    ask(floor, job_id, "cancel")
    last = floor.ended(job_id)

    assert running.paused_s == pytest.approx(last.paused_s, abs=0.005)
    assert stood_s - 0.1 <= (last.paused_s or 0) <= stood_s + 1
    assert running.elapsed_s == pytest.approx(paused.elapsed_s, abs=0.05)
    assert paused.elapsed_s <= last.elapsed_s <= (paused.elapsed_s or 0) + 2


@pytest.mark.usefixtures("worker")
def test_a_job_that_lets_no_other_thread_run_is_paused_too(floor: Floor) -> None:
    job_id = floor.submit("hold_everything", policy=SIGNAL, seconds=2)
    floor.running(job_id)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    ask(floor, job_id, "resume")
    assert becomes(floor, job_id, "running").control is None
    assert floor.ended(job_id).result == "awake"


def test_a_job_that_reaches_no_step_within_its_grace_is_stopped(redis_url: str, tmp_path: Path) -> None:
    floor, count = Floor(redis_url), tmp_path / "count"
    with worker_process(redis_url, JOBS, HEADWAY_PAUSE_GRACE_S="0.4"):
        job_id = floor.submit("wait_for_child", count=str(count))
        floor.running(job_id)
        asked_s = monotonic()
        assert ask(floor, job_id, "pause").status == "running"
        becomes(floor, job_id, "paused")
        assert monotonic() - asked_s >= 0.4
        ask(floor, job_id, "resume")
        becomes(floor, job_id, "running")
        count.with_suffix(".go").touch()
        assert floor.ended(job_id).status == "finished"
    floor.close()


def test_a_stopped_job_that_is_canceled_gives_way_by_itself(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    left = tmp_path / "left"
    job_id = floor.submit("step", policy=SIGNAL, count=LONG, trace=str(left))
    wait_for(lambda: (floor.now(job_id).n or 0) > 5, 15, "some steps are done")
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    assert stopped(worker) == [True]
    ask(floor, job_id, "cancel")
    last = becomes(floor, job_id, "canceled")

    assert left.read_text() == "left"
    assert (last.n or 0) > 5
    wait_for(lambda: floor.rq_status(job_id) == "finished", 15, "RQ is done with it")


@pytest.mark.usefixtures("worker")
def test_a_job_that_swallows_its_cancel_is_ended_and_keeps_what_it_reported(floor: Floor) -> None:
    job_id = floor.submit("swallow", count=LONG)
    wait_for(lambda: (floor.now(job_id).n or 0) > 5, 15, "some steps are done")
    ask(floor, job_id, "cancel")
    last = becomes(floor, job_id, "canceled", 10)

    assert (last.error, last.control, last.can) == (None, None, ["retry"])
    assert last.percent < 100
    assert last.finished_at is not None
    (ended,) = floor.store.run(floor.store.calls.attempts(job_id))
    assert (ended.attempt, ended.status, ended.worker) == (1, "canceled", last.worker)
    wait_for(lambda: floor.rq_status(job_id) == "stopped", 15, "RQ agrees")
    assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
    assert floor.now(job_id) == last


def test_a_stopped_job_that_does_not_give_way_is_ended_with_its_children(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    job_id = floor.submit("wait_for_child", policy=SIGNAL, count=str(count))
    floor.running(job_id)
    counting(count)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    ask(floor, job_id, "cancel")
    becomes(floor, job_id, "canceled", 10)
    wait_for(lambda: not processes(worker), 15, "no process is left")


def test_an_attempt_that_was_declared_lost_is_ended_in_the_middle_of_its_call(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    job_id = floor.submit("wait_for_child", count=str(count))
    name = floor.running(job_id).worker or ""
    counting(count)
    assert fail_lost(floor.store, job_id, 1, JobError(type="WorkerLost"), name)
    wait_for(lambda: not processes(worker), 15, "no process is left")

    last = floor.now(job_id)
    assert (last.status, last.error) == ("failed", JobError(type="WorkerLost"))
    assert floor.ended(floor.submit("add", a=1, b=2)).result == 3


def test_an_attempt_that_another_one_follows_is_ended_in_the_middle_of_its_call(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    job_id = floor.submit("wait_for_child", policy=Policy(retries=1, backoff=600), count=str(count))
    name = floor.running(job_id).worker or ""
    counting(count)
    assert fail_lost(floor.store, job_id, 1, JobError(type="WorkerLost"), name)
    wait_for(lambda: not processes(worker), 15, "no process is left")

    assert (floor.now(job_id).status, floor.now(job_id).attempt) == ("queued", 2)
    ask(floor, job_id, "cancel")


def test_a_paused_job_whose_worker_is_stopped_stays_paused(redis_url: str) -> None:
    floor = Floor(redis_url)
    with worker_process(redis_url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="0.1"):
        job_id = floor.submit("step", policy=SIGNAL, count=50)
        floor.running(job_id)
        ask(floor, job_id, "pause")
        becomes(floor, job_id, "paused")
    assert (floor.now(job_id).status, floor.now(job_id).can) == ("paused", ["resume", "cancel"])

    with worker_process(redis_url, JOBS):
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
        assert floor.now(job_id).status == "paused"
        ask(floor, job_id, "resume")
        assert floor.ended(job_id).status == "finished"
    floor.close()


def test_a_stopped_job_stays_so_through_an_outage_of_redis(server: RedisServer) -> None:
    floor = Floor(server.url)
    with worker_process(server.url, JOBS, HEADWAY_HEARTBEAT_S="0.2") as worker:
        job_id = floor.submit("turn", policy=SIGNAL, count=LONG)
        floor.running(job_id)
        ask(floor, job_id, "pause")
        paused = becomes(floor, job_id, "paused")
        server.kill()
        wait_for(lambda: "its worker could not do" in worker.log.read_text(), 10, "the worker misses Redis")
        server.start()
        beaten = beats(floor, job_id)
        wait_for(lambda: beats(floor, job_id) > beaten + 1, 10, "the worker keeps the lease again")
        assert floor.now(job_id) == paused
        assert stopped(worker) == [True]
        ask(floor, job_id, "resume")
        becomes(floor, job_id, "running")
        assert stopped(worker) == [False]
        ask(floor, job_id, "cancel")
    floor.close()


def test_a_stopped_job_stands_still_again_when_redis_comes_back_without_it(
    floor: Floor, worker: subprocess.Popen[bytes]
) -> None:
    job_id = floor.submit("turn", policy=SIGNAL, count=LONG)
    floor.running(job_id)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    floor.store.redis.flushdb()
    wait_for(lambda: floor.store.read(job_id) is not None, 10, "its reporter has put it back")
    assert becomes(floor, job_id, "paused").control is None
    assert stopped(worker) == [True]
    wait_for(lambda: floor.store.run(floor.store.calls.spec(job_id)) is not None, 10, "all of it")
    ask(floor, job_id, "resume")
    becomes(floor, job_id, "running")
    assert stopped(worker) == [False]
    ask(floor, job_id, "cancel")
    assert floor.ended(job_id).status == "canceled"


@contextmanager
def hangup(handler: signal.Handlers) -> Iterator[None]:
    """Whatever is started in here is born with that handler of SIGHUP."""
    before = signal.signal(signal.SIGHUP, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN], ids=["as usual", "under nohup"])
def test_a_stopped_job_ends_with_a_worker_that_is_killed(
    redis_url: str, tmp_path: Path, handler: signal.Handlers
) -> None:
    floor, count = Floor(redis_url), tmp_path / "count"
    with hangup(handler), worker_process(redis_url, JOBS) as worker:
        job_id = floor.submit("wait_for_child", policy=SIGNAL, count=str(count))
        floor.running(job_id)
        counting(count)
        ask(floor, job_id, "pause")
        becomes(floor, job_id, "paused")
        left = processes(worker)
        assert len(left) == 2
        worker.kill()
        wait_for(lambda: not any(map(runs, left)), 15, "no process is left")
    floor.close()


@pytest.mark.usefixtures("worker")
def test_an_attempt_that_takes_too_long_fails_at_its_next_step(floor: Floor, tmp_path: Path) -> None:
    left = tmp_path / "left"
    job_id = floor.submit("step", policy=Policy(timeout=0.5), count=LONG, trace=str(left))
    last = floor.ended(job_id)

    assert last.status == "failed"
    assert last.error is not None
    assert last.error.type == "JobTimedOut"
    assert "0.5 s of active time" in last.error.detail
    assert 0.5 <= (last.elapsed_s or 0) < 5
    assert left.read_text() == "left"
    wait_for(lambda: floor.rq_status(job_id) == "failed", 15, "RQ agrees")


@pytest.mark.usefixtures("worker")
def test_an_attempt_that_takes_too_long_in_one_call_is_ended(floor: Floor, tmp_path: Path) -> None:
    left = tmp_path / "left"
    job_id = floor.submit("turn", policy=Policy(timeout=0.5), count=LONG, left=str(left))
    last = floor.ended(job_id)

    assert last.error is not None
    assert (last.status, last.error.type) == ("failed", "JobTimedOut")
    assert "0.5 s of active time" in last.error.detail
    assert not left.exists()
    (ended,) = floor.store.run(floor.store.calls.attempts(job_id))
    assert (ended.status, ended.error) == ("failed", last.error)
    wait_for(lambda: floor.rq_status(job_id) == "failed", 15, "RQ agrees")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("pause", ["signal", "cooperative"])
def test_paused_time_does_not_count_against_the_limit(floor: Floor, pause: str) -> None:
    job_id = floor.submit("step", policy=Policy(pause=pause, timeout=1.5), count=20)
    floor.running(job_id)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    since_s = monotonic()
    wait_for(lambda: monotonic() - since_s > 2, 5, "more than the limit has passed")
    ask(floor, job_id, "resume")
    assert floor.ended(job_id).status == "finished"
