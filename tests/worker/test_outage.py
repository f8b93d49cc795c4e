"""Redis being away fails no job and ends no worker."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from headway.stack.redis_server import RedisServer
from tests.headway.proxy import Proxy
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.test_rq_worker import Floor

JOBS = ("tests.worker.jobs",)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def floor(server: RedisServer) -> Iterator[Floor]:
    floor = Floor(server.url)
    yield floor
    floor.close()


def be_away(server: RedisServer, outage_s: float, *workers: subprocess.Popen[bytes]) -> None:
    """Wait out an outage; the workers have to live through it."""
    end = time.monotonic() + outage_s
    while time.monotonic() < end:
        assert [worker.poll() for worker in workers] == [None] * len(workers)
        time.sleep(0.1)
    server.start()


def agrees(floor: Floor, job_id: str) -> None:
    """RQ has the job as finished, once, and in no other registry."""
    redis = floor.store.redis
    wait_for(lambda: floor.rq_status(job_id) == "finished", 10, f"RQ agrees on job {job_id}")
    job = Job.fetch(job_id, connection=redis, serializer=JSONSerializer)
    assert Result.count(job) == 1
    names = {
        kind: kind("headway-default", connection=redis, serializer=JSONSerializer).get_job_ids(cleanup=False)
        for kind in (StartedJobRegistry, FailedJobRegistry, FinishedJobRegistry)
    }
    assert [job_id in found for found in names.values()] == [False, False, True]


@pytest.mark.parametrize("outage_s", [6.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_jobs_and_workers_live_through_an_outage_in_the_middle_and_across_the_end(
    server: RedisServer, floor: Floor, tmp_path: Path, outage_s: float
) -> None:
    with worker_process(server.url, JOBS) as one, worker_process(server.url, JOBS) as two:
        jobs = [floor.submit("hold", go=str(tmp_path / f"go{n}"), runs=str(tmp_path / f"ran{n}")) for n in range(2)]
        for job_id in jobs:
            floor.running(job_id)
        horses = [child for worker in (one, two) for child in psutil.Process(worker.pid).children()]
        server.kill()
        (tmp_path / "go1").touch()
        be_away(server, outage_s, one, two)
        assert floor.ended(jobs[1]).status == "finished"
        (tmp_path / "go0").touch()
        assert floor.ended(jobs[0]).status == "finished"
        for n, job_id in enumerate(jobs):
            agrees(floor, job_id)
            assert (tmp_path / f"ran{n}").read_text() == "ran\n"
        assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
        assert (one.poll(), two.poll(), len(horses)) == (None, None, 2)


@pytest.mark.parametrize("losses", [1, 4])
@pytest.mark.parametrize(
    ("task", "params", "status"), [("add", {"a": 1, "b": 1}, "finished"), ("fail", {"detail": "no"}, "failed")]
)
def test_a_closing_write_whose_reply_was_lost_is_there_once(
    server: RedisServer, floor: Floor, losses: int, task: str, params: dict[str, Any], status: str
) -> None:
    with Proxy(server.url) as proxy, worker_process(proxy.url, JOBS) as worker:
        proxy.lose_replies(losses, b"rq:results")
        job_id = floor.submit(task, **params)
        assert floor.ended(job_id).status == status
        wait_for(lambda: floor.rq_status(job_id) == status, 10, "RQ agrees")
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
        job = Job.fetch(job_id, connection=floor.store.redis, serializer=JSONSerializer)
        assert (Result.count(job), proxy.lost >= 1, worker.poll()) == (1, True, None)


def test_a_work_horse_killed_while_redis_is_away_is_shown(server: RedisServer, floor: Floor, tmp_path: Path) -> None:
    with worker_process(server.url, JOBS) as worker:
        job_id = floor.submit("hold", go=str(tmp_path / "never"), runs=str(tmp_path / "ran"))
        floor.running(job_id)
        (horse,) = psutil.Process(worker.pid).children()
        server.kill()
        horse.kill()
        be_away(server, 2, worker)
        assert floor.ended(job_id).status == "failed"
        wait_for(lambda: floor.rq_status(job_id) == "failed", 10, "RQ agrees")
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
