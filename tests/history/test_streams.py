"""Taking entries from the streams as one of a group."""

import pytest
from redis import Redis

from headway import keys
from headway.history.streams import GROUP, Streams


@pytest.fixture(params=[2, 3])
def redis(redis_url: str, request: pytest.FixtureRequest):
    """A client of either of Redis' protocols."""
    with Redis.from_url(redis_url, protocol=request.param) as client:
        yield client


@pytest.fixture
def streams(redis: Redis) -> Streams:
    streams = Streams(redis, "one")
    streams.join()
    return streams


def tell(redis: Redis, *numbers: int) -> None:
    for n in numbers:
        redis.xadd(keys.EVENTS, {"n": n, "job": "j"})


def test_each_entry_is_taken_by_one(redis: Redis, streams: Streams):
    tell(redis, 1, 2)
    redis.xadd(keys.LOGS, {"job": "j"})
    assert [(entry.stream, entry.number) for entry in streams.take(1)] == [
        (keys.EVENTS, 1), (keys.EVENTS, 2), (keys.LOGS, None),
    ]  # fmt: skip
    assert Streams(redis, "other").take(1) == []


def test_what_was_taken_and_not_let_go_of_is_claimed(redis: Redis, streams: Streams):
    tell(redis, 1, 2, 3)
    taken = streams.take(1)
    streams.done(taken[:1])
    other = Streams(redis, "other")
    assert other.claim(3600) == []
    assert [entry.number for entry in other.claim(0)] == [2, 3]
    other.done(taken)
    assert other.claim(0) == []


def test_what_was_trimmed_in_the_meantime_is_claimed_by_nobody(redis: Redis, streams: Streams):
    tell(redis, 1, 2, 3)
    streams.take(1)
    redis.xtrim(keys.EVENTS, maxlen=1, approximate=False)
    assert [entry.number for entry in Streams(redis, "other").claim(0)] == [3]
    assert streams.first_number() == 3


def test_the_group_is_made_again_where_redis_lost_it(redis: Redis, streams: Streams):
    redis.delete(keys.EVENTS, keys.LOGS)
    tell(redis, 1)
    assert [entry.number for entry in streams.take(1)] == [1]


def test_who_leaves_goes_off_the_list_unless_he_holds_something(redis: Redis, streams: Streams):
    tell(redis, 1)
    taken = streams.take(1)
    streams.leave()
    assert [one["name"] for one in redis.xinfo_consumers(keys.EVENTS, GROUP)] == [b"one"]
    streams.done(taken)
    streams.leave()
    assert redis.xinfo_consumers(keys.EVENTS, GROUP) == []
