"""Jobs that wait for longer than keys live keep theirs."""

import pytest
from rq.serializers import JSONSerializer

from headway import keys
from headway.control import Request, act
from headway.engines.rq.queue import HeadwayQueue
from headway.lives import LIVES
from headway.monitor import Monitor
from tests.worker.floor import Floor

KEEP_S = 604_800


def submitted(floor: Floor, how: str) -> str:
    """A job that waits, whose keys are about to expire."""
    job_id = floor.submit("add", a=1, b=2)
    if how == "held":
        act(floor.store, floor.engine, job_id, Request("pause", by="ann"))
    if how == "delayed":
        floor.store.redis.zadd(keys.DELAYED, {job_id: 10**15})
    floor.store.redis.zadd(keys.UNBEGUN, {job_id: 1})
    for key in (keys.snapshot(job_id), keys.state(job_id), keys.spec(job_id)):
        assert floor.store.redis.expire(key, 60)
    return job_id


def left_s(floor: Floor, job_id: str) -> list[int]:
    return [floor.store.redis.ttl(key(job_id)) for key in (keys.snapshot, keys.state, keys.spec)]


@pytest.mark.parametrize("how", ["queued", "held", "delayed"])
def test_a_job_that_waits_for_long_keeps_its_keys(floor: Floor, how: str) -> None:
    job_id = submitted(floor, how)
    Monitor(floor.store, floor.engine).look()
    assert min(left_s(floor, job_id)) > KEEP_S - 60


def test_a_job_that_waits_for_many_lives_is_taken_in_its_turn(floor: Floor) -> None:
    jobs = [submitted(floor, "queued") for _ in range(2)]
    for _ in range(3):
        for job_id in jobs:
            # Most of a life goes by.
            floor.store.redis.zadd(keys.UNBEGUN, {job_id: 1})
            assert floor.store.redis.expire(f"rq:job:{job_id}", 60)
        Monitor(floor.store, floor.engine).look()
        assert min(floor.store.redis.ttl(f"rq:job:{job_id}") for job_id in jobs) > KEEP_S - 60
    queue = HeadwayQueue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
    taken = [HeadwayQueue.dequeue_any([queue], None, floor.store.redis, serializer=JSONSerializer) for _ in jobs]
    assert [job.id for job, _ in taken] == jobs


@pytest.mark.parametrize("status", ["started", "finished", "failed"])
def test_a_record_of_the_engines_that_no_longer_waits_is_left_to_expire(floor: Floor, status: str) -> None:
    job_id = submitted(floor, "queued")
    floor.store.redis.hset(f"rq:job:{job_id}", "status", status)
    floor.store.redis.expire(f"rq:job:{job_id}", 60)
    Monitor(floor.store, floor.engine).look()
    assert floor.store.redis.ttl(f"rq:job:{job_id}") <= 60


def test_a_spoilt_record_of_the_engines_keeps_no_job_from_being_renewed(floor: Floor) -> None:
    jobs = [submitted(floor, "queued") for _ in range(2)]
    floor.store.redis.set(f"rq:job:{jobs[0]}", "no hash", ex=60)
    Monitor(floor.store, floor.engine).look()
    assert min(min(left_s(floor, job_id)) for job_id in jobs) > KEEP_S - 60


def test_a_job_that_is_over_is_left_to_expire(floor: Floor) -> None:
    job_id = submitted(floor, "held")
    act(floor.store, floor.engine, job_id, Request("cancel", by="ann"))
    assert floor.store.redis.zscore(keys.UNBEGUN, job_id) is None


def test_what_was_renewed_not_long_ago_is_not_renewed_again(floor: Floor) -> None:
    job_id = submitted(floor, "queued")
    Monitor(floor.store, floor.engine).look()
    floor.store.redis.expire(keys.state(job_id), 60)
    Monitor(floor.store, floor.engine).look()
    assert floor.store.redis.ttl(keys.state(job_id)) <= 60


def test_jobs_whose_keys_are_spoilt_keep_no_other_from_being_renewed(floor: Floor) -> None:
    job_id = submitted(floor, "held")
    spoilt = [f"spoilt{n}" for n in range(LIVES)]
    floor.store.redis.zadd(keys.UNBEGUN, dict.fromkeys(spoilt, 0))
    for name in spoilt:
        floor.store.redis.set(keys.state(name), "no hash", ex=60)
    for _ in range(2):
        Monitor(floor.store, floor.engine).look()
    assert min(left_s(floor, job_id)) > KEEP_S - 60
    assert floor.store.redis.zcard(keys.UNBEGUN) == 1
