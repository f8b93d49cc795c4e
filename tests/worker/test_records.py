"""RQ's record of an attempt has an end whoever dies before closing it, and whatever of a dead process comes late."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now

from headway.engines.rq.queue import HeadwayQueue
from headway.engines.rq.record import Record
from tests.servers import ROOT, inherited, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: Says of a job that a work-horse begins it.
LATE = """
import sys
from headway.engines.rq import HeadwayWorker
from headway.engines.rq.record import Record
from headway.settings import Settings
from headway.store.connect import connect
from rq.serializers import JSONSerializer

settings = Settings()
redis = connect(settings)
worker = HeadwayWorker(settings, [], ["default"], "late", redis)
worker._is_horse = True
worker.prepare_job_execution(Record.fetch(sys.argv[1], redis, JSONSerializer), True)
"""


@pytest.fixture
def _worker(redis_url: str) -> Iterator[None]:
    with worker_process(redis_url, JOBS):
        yield


def left_s(floor: Floor, engine_job_id: str) -> int:
    left: int = floor.store.redis.ttl(f"rq:job:{engine_job_id}")
    return left


def test_the_record_of_a_job_that_waits_has_an_end(floor: Floor) -> None:
    job_id = floor.submit("add", a=1, b=2)
    assert floor.settings.keep_s - 60 < left_s(floor, job_id) <= floor.settings.keep_s


@pytest.mark.parametrize("keep_s", [0.5, 0.0001])
def test_the_shortest_life_is_no_death(floor: Floor, redis_url: str, keep_s: float) -> None:
    # A second is over too soon to look at what is there.
    with floor.store.redis.monitor() as watched:
        brief = Floor(redis_url, keep_s=keep_s)
        job_id = brief.submit("add", a=1, b=2)
        brief.close()
        said = (heard["command"] for heard in watched.listen())
        assert next(one for one in said if one.startswith(f"EXPIRE rq:job:{job_id} ")).endswith(" 1")


def test_what_a_push_leaves_where_a_record_was_has_an_end(floor: Floor) -> None:
    queue = HeadwayQueue("headway-default", connection=floor.store.redis)
    queue.push_job_id("gone")
    assert left_s(floor, "gone") > 0
    # So does what was left without one.
    floor.store.redis.persist("rq:job:gone")
    queue.push_job_id("gone")
    assert left_s(floor, "gone") > 0


def test_a_push_leaves_a_record_the_end_that_it_has(floor: Floor) -> None:
    queue = HeadwayQueue("headway-default", connection=floor.store.redis)
    ours, others = floor.submit("add", a=1, b=2), "somebody-elses"
    floor.store.redis.hset(f"rq:job:{others}", "data", "")
    for job_id in (ours, others):
        queue.push_job_id(job_id)
    assert floor.settings.keep_s - 60 < left_s(floor, ours) <= floor.settings.keep_s
    assert left_s(floor, others) == -1


@pytest.mark.usefixtures("_worker")
def test_the_record_of_an_attempt_that_runs_has_an_end_that_moves_on(floor: Floor, tmp_path: Path) -> None:
    go = tmp_path / "go"
    job_id = floor.submit("hold", go=str(go), runs=str(tmp_path / "ran"))
    floor.running(job_id)
    assert left_s(floor, job_id) > floor.settings.keep_s - 60
    floor.store.redis.expire(f"rq:job:{job_id}", 60)
    wait_for(lambda: left_s(floor, job_id) > floor.settings.keep_s - 60, 15, "its time begins anew")
    go.touch()
    floor.agrees(job_id)


@pytest.mark.parametrize("status", ["finished", "failed", "stopped", "canceled"])
def test_a_beat_that_comes_late_leaves_a_closed_record_its_end(floor: Floor, status: str) -> None:
    job_id = floor.submit("add", a=1, b=2)
    record = Record.fetch(job_id, floor.store.redis, JSONSerializer)
    record.set_status(JobStatus(status))
    floor.store.redis.expire(record.key, 500)
    record.heartbeat(now(), 90)
    assert 0 < left_s(floor, job_id) <= 500
    # One that has none gets it.
    floor.store.redis.persist(record.key)
    with floor.store.redis.pipeline() as pipeline:
        record.heartbeat(now(), 90, pipeline)
        pipeline.execute()
    assert left_s(floor, job_id) > floor.settings.keep_s - 60


@pytest.mark.usefixtures("_worker")
def test_what_a_dead_work_horse_had_sent_may_come_after_its_record_was_closed(floor: Floor, redis_url: str) -> None:
    job_id = floor.submit("add", a=1, b=2)
    floor.agrees(job_id)
    late = [sys.executable, "-c", LATE, job_id]
    subprocess.run(late, cwd=ROOT, env=inherited() | {"REDIS_URL": redis_url}, check=True, timeout=60)
    assert floor.rq_status(job_id) == "started"
    assert left_s(floor, job_id) > 0
