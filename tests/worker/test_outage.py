"""Redis being away in the middle of a job, or at its end, fails no job and ends no worker."""

from pathlib import Path
from typing import Any

import psutil
import pytest
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from headway.engines.rq.queue import HeadwayQueue
from headway.stack.redis_server import RedisServer
from tests.headway.proxy import Proxy
from tests.servers import Running, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: Heartbeats that a worker misses, one a second. Stock RQ's worker gives up after about four seconds.
MISSED = 5


@pytest.fixture
def redis_url(server: RedisServer) -> str:
    return server.url


def misses(worker: Running, heartbeats: int) -> None:
    """Wait until the worker has missed so many heartbeats."""
    wait_for(
        lambda: worker.log.read_text().count("no heartbeat for job") >= heartbeats or worker.poll() is not None,
        heartbeats * 3,
        f"{heartbeats} missed heartbeats",
    )
    assert worker.poll() is None


@pytest.mark.parametrize("missed", [MISSED, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(180)
def test_jobs_and_workers_live_through_an_outage_in_the_middle_and_across_the_end(
    server: RedisServer, floor: Floor, tmp_path: Path, missed: int
) -> None:
    with worker_process(server.url, JOBS) as one, worker_process(server.url, JOBS) as two:
        jobs = [floor.submit("hold", go=str(tmp_path / f"go{n}"), runs=str(tmp_path / f"ran{n}")) for n in range(2)]
        for job_id in jobs:
            floor.running(job_id)
        horses = [child for worker in (one, two) for child in psutil.Process(worker.pid).children()]
        server.kill()
        (tmp_path / "go1").touch()
        misses(one, missed)
        misses(two, missed)
        assert [horse.is_running() for horse in horses] == [True, True]
        server.start()
        assert floor.ended(jobs[1]).status == "finished"
        (tmp_path / "go0").touch()
        assert floor.ended(jobs[0]).status == "finished"
        for n, job_id in enumerate(jobs):
            floor.agrees(job_id)
            assert (tmp_path / f"ran{n}").read_text() == "runs\nthrough\n"
        assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
        assert (one.poll(), two.poll()) == (None, None)


def test_a_job_that_outlasts_even_a_too_long_outage_is_finished(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    with worker_process(server.url, JOBS, HEADWAY_OUTAGE_S="1") as worker:
        job_id = floor.submit("hold", go=str(tmp_path / "go"), runs=str(tmp_path / "ran"))
        floor.running(job_id)
        server.kill()
        misses(worker, 3)
        server.start()
        (tmp_path / "go").touch()
        assert floor.ended(job_id).status == "finished"
        floor.agrees(job_id)
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
        assert worker.poll() is None


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


def test_a_job_whose_delivery_was_lost_waits_to_be_put_back_and_runs_once(
    server: RedisServer, floor: Floor, tmp_path: Path
) -> None:
    redis = floor.store.redis
    with Proxy(server.url) as proxy, worker_process(proxy.url, JOBS) as worker:
        # Whether the worker already waits for a job or takes one that is there.
        proxy.lose_replies(1, b"LMOVE", saying=b"lost-job")
        (tmp_path / "go").touch()
        job_id = floor.submit("hold", job_id="lost-job", go=str(tmp_path / "go"), runs=str(tmp_path / "ran"))
        # RQ has put the job aside for a worker that never heard of it, which goes on with the next one.
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
        spec = floor.store.run(floor.store.calls.spec(job_id))
        assert spec is not None
        assert (proxy.lost, floor.now(job_id).status, floor.engine.position(spec, 1)) == (1, "queued", None)
        assert redis.lrange("rq:queue:headway-default:intermediate", 0, -1) == [b"lost-job"]
        floor.engine.enqueue(spec, 1)
        assert floor.ended(job_id).status == "finished"
        floor.agrees(job_id)
        assert (tmp_path / "ran").read_text() == "runs\nthrough\n"
        assert not redis.exists("rq:queue:headway-default:intermediate")
        assert worker.poll() is None


def test_a_job_is_in_its_queue_once_however_often_the_reply_is_lost(server: RedisServer, floor: Floor) -> None:
    with Proxy(server.url) as proxy:
        near = Floor(proxy.url)
        proxy.lose_replies(2, b"PUSH")
        near.submit("add", job_id="pushed", a=1, b=2)
        assert (proxy.lost, floor.store.redis.lrange("rq:queue:headway-default", 0, -1)) == (2, [b"pushed"])
        # As a worker does that leaves the job to others.
        proxy.lose_replies(2, b"PUSH")
        HeadwayQueue("headway-default", connection=near.store.redis).push_job_id("passed")
        near.close()
        held = [b"pushed", b"passed"]
        assert (proxy.lost, floor.store.redis.lrange("rq:queue:headway-default", 0, -1)) == (4, held)


def test_a_work_horse_killed_while_redis_is_away_is_shown(server: RedisServer, floor: Floor, tmp_path: Path) -> None:
    with worker_process(server.url, JOBS) as worker:
        job_id = floor.submit("hold", go=str(tmp_path / "never"), runs=str(tmp_path / "ran"))
        floor.running(job_id)
        (horse,) = psutil.Process(worker.pid).children()
        server.kill()
        horse.kill()
        wait_for(lambda: "Redis does not answer, it is waited for" in worker.log.read_text(), 10, "the worker waits")
        server.start()
        assert floor.ended(job_id).status == "failed"
        wait_for(lambda: floor.rq_status(job_id) == "failed", 10, "RQ agrees")
        assert floor.ended(floor.submit("add", a=1, b=2)).result == 3
