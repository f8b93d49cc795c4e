"""What is asked of jobs, done by real workers: pause, resume, cancel, retry."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import psutil
import pytest

from headway.control import Request, act
from headway.errors import Conflict
from headway.snapshot import Action, Policy, Snapshot
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: Far below the two seconds of a heartbeat, which would bring a request too.
SOON_S = 1.0
LONG = 100_000


@pytest.fixture
def worker(redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    with worker_process(redis_url, JOBS) as running:
        yield running


def ask(floor: Floor, job_id: str, action: Action, **more: str) -> Snapshot:
    return act(floor.store, floor.engine, job_id, Request(action, by="ann", **more)).snapshot


def under_way(floor: Floor, count: int = LONG, **params: str) -> str:
    job_id = floor.submit("step", count=count, **params)
    wait_for(lambda: (floor.now(job_id).n or 0) > 5, 15, "some steps are done")
    return job_id


def becomes(floor: Floor, job_id: str, status: str, deadline_s: float = SOON_S) -> Snapshot:
    wait_for(lambda: floor.now(job_id).status == status, deadline_s, f"the job is {status}")
    return floor.now(job_id)


@pytest.mark.usefixtures("worker")
def test_a_pause_is_shown_as_asked_at_once_and_then_acknowledged(floor: Floor) -> None:
    job_id = under_way(floor)
    asked = ask(floor, job_id, "pause")
    if asked.status == "running":
        assert asked.control is not None
        assert (asked.control.requested, asked.control.by) == ("pause", "ann")

    paused = becomes(floor, job_id, "paused")

    assert (paused.control, paused.can) == (None, ["resume", "cancel"])
    ask(floor, job_id, "cancel")


@pytest.mark.usefixtures("worker")
def test_a_paused_job_stands_still_keeps_its_lease_and_goes_on_where_it_was(floor: Floor) -> None:
    job_id = under_way(floor)
    ask(floor, job_id, "pause")
    paused = becomes(floor, job_id, "paused")
    beaten_at = floor.store.run(floor.store.calls.lease_at(job_id))
    wait_for(lambda: floor.store.run(floor.store.calls.lease_at(job_id)) != beaten_at, 15, "the lease is raised")
    assert floor.now(job_id) == paused

    ask(floor, job_id, "resume")
    becomes(floor, job_id, "running")
    wait_for(lambda: (floor.now(job_id).n or 0) > (paused.n or 0) + 5, 15, "it goes on")
    after = floor.now(job_id)

    assert after.paused_s is not None
    assert after.elapsed_s is not None
    assert after.paused_s > 0.5
    # 10 ms a step and more: what it stood still for is in neither.
    assert after.elapsed_s == pytest.approx((paused.elapsed_s or 0) + 0.3, abs=0.6)
    assert after.control is None
    ask(floor, job_id, "cancel")


def test_a_paused_job_uses_next_to_no_cpu(floor: Floor, worker: subprocess.Popen[bytes]) -> None:
    job_id = under_way(floor)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    (horse,) = psutil.Process(worker.pid).children()

    def used_s() -> float:
        times = horse.cpu_times()
        return times.user + times.system

    used_before_s, began_s = used_s(), monotonic()
    beaten_at = floor.store.run(floor.store.calls.lease_at(job_id))
    wait_for(lambda: floor.store.run(floor.store.calls.lease_at(job_id)) != beaten_at, 15, "the lease is raised")

    assert used_s() - used_before_s < 0.1 * max(1.0, monotonic() - began_s)
    ask(floor, job_id, "cancel")


@pytest.mark.usefixtures("worker")
def test_a_cancel_runs_what_is_finally_and_keeps_what_was_reported(floor: Floor, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    job_id = under_way(floor, trace=str(trace))
    ask(floor, job_id, "cancel")
    last = becomes(floor, job_id, "canceled")

    assert trace.read_text() == "left"
    assert (last.control, last.can, last.error) == (None, ["retry"], None)
    assert (last.n or 0) > 5
    assert last.metrics["at"] is not None
    wait_for(lambda: floor.rq_status(job_id) == "finished", 15, "RQ is done with it")


@pytest.mark.usefixtures("worker")
def test_a_paused_job_can_be_canceled(floor: Floor) -> None:
    job_id = under_way(floor)
    ask(floor, job_id, "pause")
    becomes(floor, job_id, "paused")
    ask(floor, job_id, "cancel")
    becomes(floor, job_id, "canceled")


def test_a_waiting_job_is_held_and_begins_only_when_it_is_resumed(floor: Floor, redis_url: str) -> None:
    job_id = floor.submit("add", a=1, b=2)
    held = ask(floor, job_id, "pause")
    assert (held.status, held.control, held.can) == ("paused", None, ["resume", "cancel"])

    with worker_process(redis_url, JOBS):
        other = floor.submit("add", a=2, b=2)
        assert floor.ended(other).status == "finished"
        assert floor.now(job_id).status == "paused"
        ask(floor, job_id, "resume")
        last = floor.ended(job_id)

    assert (last.status, last.result, last.attempt) == ("finished", 3, 1)


def test_a_waiting_job_that_is_canceled_never_begins(floor: Floor, redis_url: str) -> None:
    job_id = floor.submit("add", a=1, b=2)
    assert ask(floor, job_id, "cancel").status == "canceled"

    with worker_process(redis_url, JOBS):
        assert floor.ended(floor.submit("add", a=2, b=2)).status == "finished"
        last = floor.now(job_id)

    assert (last.status, last.started_at) == ("canceled", None)


@pytest.mark.usefixtures("worker")
def test_a_failed_job_is_retried_as_its_next_attempt(floor: Floor) -> None:
    job_id = floor.submit("fail", detail="once more")
    failed = floor.ended(job_id)
    assert failed.can == ["retry"]

    again = ask(floor, job_id, "retry", key="k1")
    assert (again.attempt, again.error) == (2, None)
    wait_for(lambda: floor.now(job_id).status == "failed", 10, "the second attempt fails too")
    assert floor.now(job_id).attempt == 2
    ended = floor.store.run(floor.store.calls.attempts(job_id))
    assert [(one.attempt, one.status) for one in ended] == [(1, "failed"), (2, "failed")]


def test_a_retry_that_is_repeated_with_its_key_is_one(floor: Floor) -> None:
    job_id = floor.submit("add", a=1, b=2)
    ask(floor, job_id, "cancel")
    first = ask(floor, job_id, "retry", key="same")
    again = ask(floor, job_id, "retry", key="same")
    assert (first.attempt, again.attempt, again.status) == (2, 2, "queued")
    with pytest.raises(Conflict, match="once it has ended"):
        ask(floor, job_id, "retry", key="another")


@pytest.mark.usefixtures("worker")
def test_a_pause_that_is_taken_back_before_its_step_never_happens(floor: Floor, tmp_path: Path) -> None:
    go = tmp_path / "go"
    job_id = floor.submit("wait_for_file", path=str(go))
    floor.running(job_id)
    assert ask(floor, job_id, "pause").control is not None
    assert ask(floor, job_id, "resume").control is None
    go.touch()
    assert floor.ended(job_id).status == "finished"


@pytest.mark.usefixtures("worker")
def test_a_task_that_never_pauses_says_so(floor: Floor) -> None:
    job_id = floor.submit("hurry", policy=Policy(pause="never"), count=LONG)
    assert floor.running(job_id).can == ["cancel"]
    with pytest.raises(Conflict, match="cannot be paused"):
        ask(floor, job_id, "pause")
    ask(floor, job_id, "cancel")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_nothing_can_be_asked_of_a_finished_job_but_a_retry(floor: Floor, action: Action) -> None:
    job_id = floor.submit("add", a=1, b=2)
    floor.ended(job_id)
    with pytest.raises(Conflict, match="it is finished"):
        ask(floor, job_id, action)
