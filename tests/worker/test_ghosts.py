"""What a dead worker left open in RQ's books is closed, and nothing else."""

from pathlib import Path

import psutil
import pytest
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from headway import body
from headway.control import Request, act
from headway.engines.rq.queue import HeadwayQueue
from headway.ghosts import Ghosts
from headway.outside import fail_silent
from headway.snapshot import Policy
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor


def registered(floor: Floor, job_id: str) -> list[bool]:
    """Whether RQ has the job as started, failed, finished."""
    kinds = (StartedJobRegistry, FailedJobRegistry, FinishedJobRegistry)
    found = [kind("headway-default", connection=floor.store.redis, serializer=JSONSerializer) for kind in kinds]
    return [job_id in registry.get_job_ids(cleanup=False) for registry in found]


def died(floor: Floor, redis_url: str, tmp_path: Path, **policy: int) -> str:
    """A job in the middle of which a worker and its work-horse were killed."""
    with worker_process(redis_url, JOBS) as worker:
        params = {"go": str(tmp_path / "never"), "runs": str(tmp_path / "ran")}
        job_id = floor.submit("hold", policy=Policy(**policy), **params)
        floor.running(job_id)
        for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
            process.kill()
    return job_id


def judged(floor: Floor, job_id: str) -> None:
    assert fail_silent(floor.store, job_id, floor.store.run(floor.store.calls.beats())[job_id], 12)


@pytest.mark.parametrize("retries", [0, 1])
def test_a_lost_attempt_is_closed_as_failed(redis_url: str, floor: Floor, tmp_path: Path, retries: int) -> None:
    job_id = died(floor, redis_url, tmp_path, retries=retries)
    ghosts = Ghosts(floor.store, floor.engine, 60, ghost_s=0.0)
    ghosts.look()
    assert registered(floor, job_id) == [True, False, False]
    judged(floor, job_id)
    ghosts.look()
    assert (registered(floor, job_id), floor.rq_status(job_id)) == ([False, True, False], "failed")
    ghosts.look()
    assert floor.store.redis.keys("rq:execution:*") == []


def test_an_attempt_that_finished_before_its_worker_died_is_closed_as_finished(
    redis_url: str, floor: Floor, tmp_path: Path
) -> None:
    job_id = died(floor, redis_url, tmp_path)
    stored = floor.store.read(job_id)
    assert stored is not None
    members = body.decode(stored.raw) | {"status": "finished"}
    assert floor.store.run(floor.store.calls.change(job_id, stored.seq, members, request="end")).code == "ok"
    Ghosts(floor.store, floor.engine, 60, ghost_s=0.0).look()
    assert (registered(floor, job_id), floor.rq_status(job_id)) == ([False, False, True], "finished")
    assert floor.store.redis.ttl(f"rq:job:{job_id}") > 0


def test_a_worker_has_its_time_to_close_its_own(redis_url: str, floor: Floor, tmp_path: Path) -> None:
    job_id = died(floor, redis_url, tmp_path)
    judged(floor, job_id)
    ghosts = Ghosts(floor.store, floor.engine, 60, ghost_s=0.5)
    ghosts.look()
    assert registered(floor, job_id) == [True, False, False]

    def closed() -> bool:
        ghosts.look()
        return registered(floor, job_id) == [False, True, False]

    wait_for(closed, 15, "the ghost is closed")
    Job.fetch(job_id, connection=floor.store.redis, serializer=JSONSerializer).delete()


def taken(floor: Floor) -> str:
    """A job that a worker had taken from its queue, and not begun, when it was killed."""
    job_id = floor.submit("add", a=1, b=1)
    queue = HeadwayQueue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
    assert HeadwayQueue.lmove(floor.store.redis, queue.key, None)
    assert queue.intermediate_queue.get_job_ids() == [job_id]
    return job_id


def test_what_was_taken_and_never_begun_is_closed_once_its_job_is_over(redis_url: str, floor: Floor) -> None:
    job_id = taken(floor)
    ghosts = Ghosts(floor.store, floor.engine, 60, ghost_s=0.0)
    ghosts.look()
    assert floor.engine.running() == {job_id}, "it may still be begun"
    act(floor.store, floor.engine, job_id, Request("cancel", by="ann"))
    ghosts.look()
    assert floor.engine.running() == set()
    assert (registered(floor, job_id), floor.rq_status(job_id)) == ([False, True, False], "failed")
    assert floor.store.redis.ttl(f"rq:job:{job_id}") > 0


def test_an_entry_that_is_nobodys_keeps_none_from_being_closed(redis_url: str, floor: Floor) -> None:
    job_id = taken(floor)
    floor.store.redis.lpush("rq:queue:headway-default:intermediate", "not/a/job", b"\xff")
    act(floor.store, floor.engine, job_id, Request("cancel", by="ann"))
    Ghosts(floor.store, floor.engine, 60, ghost_s=0.0).look()
    assert job_id not in floor.engine.running()
