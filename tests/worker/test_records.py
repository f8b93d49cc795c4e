"""RQ's record of an attempt has an end whoever dies before closing it, and whatever of a dead process comes late."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.mark.usefixtures("_worker")
def test_what_a_dead_work_horse_had_sent_may_come_after_its_record_was_closed(floor: Floor, redis_url: str) -> None:
    job_id = floor.submit("add", a=1, b=2)
    floor.agrees(job_id)
    late = [sys.executable, "-c", LATE, job_id]
    subprocess.run(late, cwd=ROOT, env=inherited() | {"REDIS_URL": redis_url}, check=True, timeout=60)
    assert floor.rq_status(job_id) == "started"
    assert left_s(floor, job_id) > 0
