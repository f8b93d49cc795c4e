"""Waiting jobs get to their workers: retries when they are due, and what a queue has lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import body, keys
from headway.clock import utc_now
from headway.monitor import Monitor
from headway.snapshot import Policy, Spec
from tests.servers import judge_process, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

QUEUE = "rq:queue:headway-default"


@pytest.fixture
def monitor(floor: Floor) -> Iterator[Monitor]:
    """A monitor that gives a worker a quarter of a second, and looks as often as it is told to."""
    return Monitor(floor.store, floor.engine, every_s=60, lost_entry_s=0.25)


def queued(floor: Floor) -> list[bytes]:
    return floor.store.redis.lrange(QUEUE, 0, -1)


def lose(floor: Floor, count: int = 1) -> list[str]:
    """Submit jobs whose place in the queue is lost."""
    lost = [floor.submit("add", a=1, b=2) for _ in range(count)]
    floor.store.redis.delete(QUEUE)
    return lost


def looks_until(monitor: Monitor, floor: Floor, in_queue: list[str]) -> None:
    def there() -> bool:
        monitor.look()
        return [entry.decode() for entry in queued(floor)] == in_queue

    wait_for(there, 15, f"the queue holds {in_queue}")


def test_a_retry_follows_after_its_delay_even_if_the_judge_was_started_anew(redis_url: str, floor: Floor) -> None:
    with worker_process(redis_url, JOBS):
        with judge_process(redis_url):
            job_id = floor.submit("fail", policy=Policy(retries=1, backoff=3), detail="no")
            wait_for(lambda: floor.now(job_id).attempt == 2, 15, "the first attempt has failed")
        assert floor.now(job_id).status == "queued"
        assert floor.now(job_id).message == "attempt 1 failed (ValueError: no), attempt 2 follows in 3 s"
        with judge_process(redis_url):
            last = floor.ended(job_id)
    assert (last.status, last.attempt) == ("failed", 2)
    ended = floor.store.run(floor.store.calls.attempts(job_id))
    assert [(one.attempt, one.status, one.error) for one in ended] == [(n, "failed", last.error) for n in (1, 2)]


def test_a_delay_is_waited_out(floor: Floor) -> None:
    monitor = Monitor(floor.store, floor.engine, every_s=60, lost_entry_s=0)
    job_id = floor.submit("add", a=1, b=2)
    floor.store.redis.delete(QUEUE)
    floor.store.redis.zadd(keys.DELAYED, {job_id: 10**15})
    for _ in range(3):
        monitor.look()
    assert queued(floor) == []
    floor.store.redis.zadd(keys.DELAYED, {job_id: 1})
    monitor.look()
    assert [entry.decode() for entry in queued(floor)] == [job_id]
    assert floor.store.run(floor.store.calls.delayed()) == {}


def test_what_a_queue_lost_comes_back_and_nothing_else(floor: Floor, monitor: Monitor) -> None:
    (lost,) = lose(floor)
    kept = floor.submit("add", a=1, b=2)
    looks_until(monitor, floor, [kept, lost])
    # Taken by a worker, which needs a while to begin it.
    floor.store.redis.lrem(QUEUE, 0, lost)
    monitor.look()
    assert [entry.decode() for entry in queued(floor)] == [kept]


def test_a_job_that_a_worker_has_just_taken_is_left_to_it(floor: Floor) -> None:
    lose(floor)
    monitor = Monitor(floor.store, floor.engine, every_s=60, lost_entry_s=60)
    for _ in range(3):
        monitor.look()
    assert queued(floor) == []


def test_what_was_lost_on_its_way_to_a_worker_is_run_once(redis_url: str, floor: Floor, tmp_path: Path) -> None:
    runs = tmp_path / "ran"
    (tmp_path / "go").touch()
    job_id = floor.submit("hold", go=str(tmp_path / "go"), runs=str(runs))
    # As RQ leaves it if the worker dies between taking a job and starting it.
    floor.store.redis.lmove(QUEUE, f"{QUEUE}:intermediate", "LEFT", "RIGHT")
    monitor = Monitor(floor.store, floor.engine, every_s=60, lost_entry_s=0.25)
    looks_until(monitor, floor, [job_id])
    with worker_process(redis_url, JOBS):
        assert floor.ended(job_id).status == "finished"
    assert runs.read_text() == "runs\nthrough\n"
    assert floor.store.run(floor.store.calls.waiting()) == []


def test_a_held_job_is_not_put_back_and_one_that_has_gone_is_forgotten(floor: Floor, monitor: Monitor) -> None:
    gone, held, canceling = lose(floor, 3)
    floor.store.redis.delete(keys.snapshot(gone), keys.state(gone))
    spec = floor.store.run(floor.store.calls.spec(held))
    assert spec is not None
    members = body.queued(spec) | {"status": "paused"}
    floor.store.run(floor.store.calls.change(held, 1, members, request="hold", flags=frozenset({"acknowledge"})))
    # As if it had been held while it was looked at.
    floor.store.redis.zadd(keys.WAITING, {held: 1})
    floor.store.run(floor.store.calls.control(canceling, "cancel", '{"requested":"cancel"}', request="c"))

    def canceled() -> bool:
        monitor.look()
        return floor.now(canceling).status == "canceled" and not floor.store.run(floor.store.calls.waiting())

    wait_for(canceled, 15, "the canceled job is over, and the others are not waited for")
    assert held.encode() not in queued(floor)
    assert gone.encode() not in queued(floor)


def test_an_entry_of_an_unknown_kind_disturbs_nobody(floor: Floor, monitor: Monitor) -> None:
    spec = Spec(job_id="nobody", task="add", created_at=utc_now())
    floor.engine.enqueue(spec, 1)
    floor.store.redis.rpush(QUEUE, b"\xff\xfe", "x-a2")
    floor.store.redis.zadd(keys.WAITING, {"never-was": 1})
    (lost,) = [floor.submit("add", a=1, b=2)]
    floor.store.redis.lrem(QUEUE, 0, lost)

    def back() -> bool:
        monitor.look()
        return lost.encode() in queued(floor)

    wait_for(back, 15, "the lost job is back")
    assert floor.store.run(floor.store.calls.waiting()) == [lost]
