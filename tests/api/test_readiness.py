"""What the API says of history when it is asked whether it can serve."""

import socket
import time

import httpx2
import pytest

from api.past import AWAY
from api.routes.health import PATIENCE_S
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
        wait_for(lambda: unreadable(httpx2.get(f"{server.url}/readyz", timeout=15)) == AWAY, 20, "it says so")
        assert "history cannot be read now: file is not a database" in server.log.read_text()


def test_a_database_that_hangs_is_not_waited_for_and_its_address_is_for_the_log(module_redis_url):
    # It takes connections and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with api_server(module_redis_url, HEADWAY_DATABASE_URL=f"postgresql://eve:secret@127.0.0.1:{port}/x") as server:
            took_s: list[float] = []

            def said() -> str | None:
                began_s = time.monotonic()
                answer = httpx2.get(f"{server.url}/readyz", timeout=15)
                took_s.append(time.monotonic() - began_s)
                assert unreadable(answer) in {None, AWAY}
                return unreadable(answer)

            for _ in range(3):
                said()
            assert min(took_s) < PATIENCE_S
            silent.close()
            wait_for(lambda: said() == AWAY and f"port {port}" in server.log.read_text(), 30, "its log says where")
            assert "secret" not in server.log.read_text()


def test_a_database_that_is_not_there_yet_is_no_fault(http):
    wait_for(lambda: unreadable(http.get("/readyz")) is None, 20, "it has nothing to say")


def test_one_that_has_not_spoken_for_long_does_not_count(http, redis):
    announce(redis, "r3")
    redis.delete(keys.recorder("r3"))
    assert history(http) == ("none", 0)
