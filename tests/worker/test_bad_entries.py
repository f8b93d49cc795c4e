"""Whatever lies in a queue, the worker says why it does not run it, and goes on with the next job."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from headway import keys
from headway.engines.base import attempts_of, engine_job_id
from tests.headway.proxy import Proxy
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

Spoil = Callable[[Redis, str], None]


def goes_on(floor: Floor, redis_url: str) -> subprocess.Popen[bytes]:
    """A worker that is started now runs the job that was submitted last."""
    good = floor.submit("add", a=1, b=1)
    with worker_process(redis_url, JOBS) as worker:
        assert floor.ended(good).result == 2
        assert worker.poll() is None
    return worker


@pytest.mark.parametrize("args", [(), ("x",), ("no/id", 1), (["a"], 1), ("x", "first"), ("x", 1, 2)])
def test_an_entry_that_is_no_job_of_headways_is_refused(floor: Floor, redis_url: str, args: tuple[object, ...]) -> None:
    queue = Queue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
    queue.enqueue("headway.engines.rq.run_job", args=args, job_id="odd")
    goes_on(floor, redis_url)
    assert floor.rq_status("odd") == "failed"


def test_no_function_but_headways_own_is_called(floor: Floor, redis_url: str) -> None:
    queue = Queue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
    queue.enqueue("os.getcwd", job_id="odd")
    goes_on(floor, redis_url)
    assert floor.rq_status("odd") == "failed"


def test_a_refusal_whose_reply_was_lost_is_there_once(floor: Floor, redis_url: str) -> None:
    with Proxy(redis_url) as proxy, worker_process(proxy.url, JOBS) as worker:
        proxy.lose_replies(3, b"rq:results:odd")
        queue = Queue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
        odd = queue.enqueue("os.getcwd", job_id="odd")
        assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
        assert (floor.rq_status("odd"), Result.count(odd)) == ("failed", 1)
        assert (proxy.lost >= 1, worker.poll()) == (True, None)


def test_nothing_is_unpickled(floor: Floor, redis_url: str) -> None:
    Queue("headway-default", connection=floor.store.redis).enqueue("os.getcwd", job_id="odd")
    goes_on(floor, redis_url)
    assert str(Job("odd", floor.store.redis, serializer=JSONSerializer).get_status().value) == "failed"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda redis, job_id: redis.set(keys.spec(job_id), "garbage"),
        lambda redis, job_id: redis.set(keys.spec(job_id), "{}"),
        lambda redis, job_id: redis.delete(keys.spec(job_id)),
        lambda redis, job_id: (redis.delete(keys.spec(job_id)), redis.lpush(keys.spec(job_id), "x")),
    ],
    ids=["no JSON", "no spec", "gone", "a list"],
)
def test_a_job_whose_spec_is_spoilt_fails_and_says_so(floor: Floor, redis_url: str, spoil: Spoil) -> None:
    job_id = floor.submit("add", a=1, b=1)
    spoil(floor.store.redis, job_id)
    goes_on(floor, redis_url)
    last = floor.now(job_id)
    assert last.error is not None
    assert (last.status, last.error.type) == ("failed", "Unusable")
    wait_for(lambda: floor.rq_status(job_id) == "failed", 15, "RQ agrees")


@pytest.mark.parametrize("job_id", ["table-a1", "table-a2"])
def test_a_spoilt_job_whose_id_ends_like_an_attempts_fails_under_its_own_id(
    floor: Floor, redis_url: str, job_id: str
) -> None:
    floor.submit("add", job_id="table", a=1, b=1)
    floor.submit("add", job_id=job_id, a=1, b=1)
    floor.store.redis.delete(keys.spec(job_id))
    goes_on(floor, redis_url)
    assert (floor.now(job_id).status, floor.now("table").status) == ("failed", "finished")


@pytest.mark.parametrize(
    ("engine_id", "attempts"),
    [
        ("x", [("x", 1)]),
        ("x-a1", [("x-a1", 1)]),
        ("x-a02", [("x-a02", 1)]),
        ("x-a2", [("x-a2", 1), ("x", 2)]),
        ("x-a1-a30", [("x-a1-a30", 1), ("x-a1", 30)]),
    ],
)
def test_an_engines_id_is_read_back(engine_id: str, attempts: list[tuple[str, int]]) -> None:
    assert attempts_of(engine_id) == attempts
    assert {engine_job_id(*attempt) for attempt in attempts} == {engine_id}


@pytest.mark.parametrize("key", [keys.state, keys.snapshot, keys.lease])
def test_a_job_whose_keys_are_of_another_type_does_not_end_the_worker(
    floor: Floor, redis_url: str, key: Callable[[str], str]
) -> None:
    job_id = floor.submit("add", a=1, b=1)
    floor.store.redis.delete(key(job_id))
    floor.store.redis.lpush(key(job_id), "x")
    goes_on(floor, redis_url)


def test_a_job_whose_state_is_spoilt_while_it_runs_does_not_end_the_worker(
    floor: Floor, redis_url: str, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    with worker_process(redis_url, JOBS, HEADWAY_HEARTBEAT_S="0.1") as worker:
        job_id = floor.submit("hold", go=str(go), runs=str(tmp_path / "runs"))
        floor.running(job_id)
        with floor.store.redis.pipeline() as spoil:
            spoil.delete(keys.state(job_id)).lpush(keys.state(job_id), "x").execute()
        complaint = f"job {job_id}: its worker could not do what was asked"
        wait_for(lambda: complaint in worker.log.read_text(), 15, "the worker misses the state")
        go.touch()
        assert floor.ended(floor.submit("add", a=1, b=1)).result == 2
        assert worker.poll() is None
