"""What an attempt saves, and the next one begins with, on a real worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import control, keys, load_checkpoint, save_checkpoint
from headway.control import Request, act
from headway.snapshot import Action, Policy
from tests.headway.desk import Desk
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.floor import Floor

JOBS = ("tests.worker.jobs", "tests.worker.stubborn_jobs")


@pytest.fixture(scope="module", autouse=True)
def _worker(module_redis_url: str) -> Iterator[None]:
    graces = {"HEADWAY_CANCEL_GRACE_S": "0.2", "HEADWAY_CHECKPOINT_MAX_BYTES": "1000"}
    with worker_process(module_redis_url, JOBS, **graces):
        yield


@pytest.fixture
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    yield floor
    floor.close()


def ask(floor: Floor, job_id: str, action: Action) -> None:
    act(floor.store, floor.engine, job_id, Request(action, by="ann"))


def test_the_next_attempt_begins_where_the_last_one_saved(floor: Floor, tmp_path: Path) -> None:
    until = tmp_path / "until"
    job_id = floor.submit("resumable", count=10, until=str(until))
    assert floor.ended(job_id).status == "failed"
    until.touch()
    ask(floor, job_id, "retry")
    wait_for(lambda: floor.now(job_id).status == "finished", 15, "the second attempt finishes")
    assert floor.now(job_id).result == [6, 10]

    ask(floor, job_id, "retry")
    wait_for(lambda: floor.now(job_id).status == "finished", 15, "the third attempt finishes")
    assert floor.now(job_id).result == [0, 10], "a job that has finished is run again from its beginning"


def test_what_was_saved_outlives_an_attempt_that_is_killed(floor: Floor, tmp_path: Path) -> None:
    until = tmp_path / "until"
    job_id = floor.submit("resumable", count=10, until=str(until), how="killed")
    wait_for(lambda: floor.now(job_id).n == 6, 15, "it is half-way")
    ask(floor, job_id, "cancel")
    wait_for(lambda: floor.now(job_id).status == "canceled", 15, "it is ended")
    until.touch()
    ask(floor, job_id, "retry")
    wait_for(lambda: floor.now(job_id).status == "finished", 15, "the second attempt finishes")
    assert floor.now(job_id).result == [6, 10]


def test_what_follows_by_policy_begins_there_too(floor: Floor, tmp_path: Path) -> None:
    job_id = floor.submit("resumable", policy=Policy(retries=1, backoff=60), count=10, until=str(tmp_path / "never"))
    wait_for(lambda: floor.now(job_id).attempt == 2, 15, "the next attempt waits")
    assert b'"at":6' in (floor.store.run(floor.store.calls.checkpoint(job_id)) or b"")
    assert 0 < floor.store.redis.pttl(keys.checkpoint(job_id)) <= floor.settings.keep_s * 1000


def test_deleting_a_job_deletes_what_it_saved(floor: Floor, tmp_path: Path) -> None:
    job_id = floor.submit("resumable", count=10, until=str(tmp_path / "never"))
    floor.ended(job_id)
    assert floor.store.redis.exists(keys.checkpoint(job_id))
    control.delete(floor.store, job_id, "ann")
    assert not floor.store.redis.exists(keys.checkpoint(job_id))


@pytest.mark.parametrize(
    ("params", "kind", "sentence"),
    [
        ({"size": 1_000}, "TooLarge", "1,002 bytes, and HEADWAY_CHECKPOINT_MAX_BYTES allows 1,000"),
        ({"size": 1, "lines": True}, "NotEncodable", "checkpoint: a function"),
    ],
)
def test_what_cannot_be_saved_says_so(floor: Floor, params: dict[str, object], kind: str, sentence: str) -> None:
    last = floor.ended(floor.submit("save", **params))
    assert last.error is not None
    assert last.error.type == kind
    assert sentence in last.error.detail


def test_outside_a_job_nothing_is_saved() -> None:
    save_checkpoint({"at": 1})
    assert load_checkpoint() is None


def test_a_redis_that_comes_back_empty_gets_back_what_was_saved(redis_url: str) -> None:
    desk = Desk(redis_url, heartbeat_s=0.1)
    desk.reporter.start()
    desk.reporter.save_checkpoint({"at": 1})
    saved = desk.store.calls.checkpoint(desk.spec.job_id)
    wait_for(lambda: desk.store.run(saved), 15, "it is saved")
    desk.store.redis.flushdb()
    wait_for(lambda: desk.store.run(saved), 15, "it is saved again")
    desk.reporter.finish("null")


def test_an_attempt_that_lost_its_job_saves_nothing_more(redis_url: str) -> None:
    desk = Desk(redis_url)
    desk.reporter.start()
    late = desk.another_reporter()
    late.save_checkpoint({"at": 9})
    late._writer.savepoint.flush(0)
    assert desk.store.run(desk.store.calls.checkpoint(desk.spec.job_id)) is None
    desk.reporter.finish("null")
