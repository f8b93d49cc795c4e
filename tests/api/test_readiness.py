"""What the API says of history when it is asked whether it can serve."""

import time

import httpx2
import pytest

from headway import keys, recorders
from headway.clock import utc_now
from headway.recorders import RecorderInfo
from tests.servers import api_server
from tests.wait import wait_for


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


def unreadable(answer: httpx2.Response) -> str | None:
    assert answer.status_code == 200
    said: str | None = answer.json()["history_unreadable"]
    return said


def test_without_a_recorder_it_says_so(http):
    assert history(http) == ("none", 0)


def test_one_that_writes_is_enough(http, redis):
    announce(redis, "r1", waiting="the disk is full", dropped=1)
    assert history(http) == ("waiting", 1)
    announce(redis, "r2", dropped=3)
    assert history(http) == ("recording", 3)


def test_a_database_that_cannot_be_opened_is_said_and_the_rest_is_served(module_redis_url, tmp_path):
    (tmp_path / "history.sqlite3").write_bytes(b"anything but a database " * 100)
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server:
        said = "history cannot be read now: file is not a database"
        wait_for(lambda: unreadable(httpx2.get(f"{server.url}/readyz", timeout=15)) == said, 20, "it says why")


def test_a_database_that_is_not_there_yet_is_no_fault(http):
    wait_for(lambda: unreadable(http.get("/readyz")) is None, 20, "it has nothing to say")


def test_one_that_has_not_spoken_for_long_does_not_count(http, redis):
    announce(redis, "r3")
    redis.delete(keys.recorder("r3"))
    assert history(http) == ("none", 0)
