"""What the API says of history when it is asked whether it can serve."""

import time

import pytest

from headway import keys, recorders
from headway.clock import utc_now
from headway.recorders import RecorderInfo


def announce(redis, name: str, **values: object) -> None:
    info = RecorderInfo(name=name, started_at=utc_now(), said_at=utc_now(), **values)
    for command in recorders.announce(info, time.time()).commands:
        redis.execute_command(*command)


@pytest.fixture(autouse=True)
def _no_recorder(redis):
    redis.delete(keys.RECORDERS)


def history(http) -> tuple[str, int]:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    return answer.json()["history"], answer.json()["history_dropped"]


def test_without_a_recorder_it_says_so(http):
    assert history(http) == ("none", 0)


def test_one_that_writes_is_enough(http, redis):
    announce(redis, "r1", waiting="the disk is full", dropped=1)
    assert history(http) == ("waiting", 1)
    announce(redis, "r2", dropped=3)
    assert history(http) == ("recording", 3)


def test_one_that_has_not_spoken_for_long_does_not_count(http, redis):
    announce(redis, "r3")
    redis.delete(keys.recorder("r3"))
    assert history(http) == ("none", 0)
