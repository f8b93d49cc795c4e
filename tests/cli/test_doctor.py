"""`headway doctor`, looking at what works and at what does not."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from headway import keys, recorders
from headway.cli.clocks import clock
from headway.cli.findings import Level
from headway.client import Client
from headway.clock import utc_now
from headway.judge import announce
from headway.recorders import RecorderInfo
from headway.settings import Settings
from headway.stack.redis_server import RedisServer
from headway.store import Store
from headway.workers import WorkerInfo
from tests.cli.command import Command, Ended
from tests.headway.scripted_api import ScriptedApi
from tests.ports import free_port
from tests.servers import api_server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis whose configuration a test may spoil."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


def level_of(ended: Ended, about: str) -> list[str]:
    """How good each finding about something is."""
    return [line.split()[0] for line in ended.lines if line.split()[1:2] == [about]]


def test_all_is_well(headway: Command) -> None:
    ended = headway("doctor")
    assert (ended.status, ended.err) == (0, "")
    for about in (
        "versions",
        "settings",
        "Redis",
        "role",
        "memory",
        "persistence",
        "API",
        "WebSocket",
        "worker",
        "SQL",
    ):
        assert set(level_of(ended, about)) == {"ok"}, ended.out
    assert level_of(ended, "clock") == ["ok", "ok"]
    # No Streamlit app is there, and nobody has to have one.
    assert level_of(ended, "UI") == ["warn"]


@pytest.mark.parametrize(
    ("about", "level", "said"),
    [
        ({}, "ok", "history is recorded"),
        ({"waiting": "the disk is full"}, "warn", "cannot write history now"),
        ({"dropped": 1_200}, "warn", "1,200 events were lost"),
    ],
)
def test_how_history_is_kept_is_said(
    headway: Command, module_redis_url: str, about: dict[str, Any], level: str, said: str
) -> None:
    info = RecorderInfo(name="r", started_at=utc_now(), said_at=utc_now(), **about)
    with closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store:
        store.run(recorders.announce(info, time.time()))
        ended = headway("doctor")
        store.run(recorders.withdraw("r"))
    assert level_of(ended, "SQL") == [level]
    assert said in ended.out


def test_a_history_that_the_api_cannot_read_is_bad_and_says_why(
    headway: Command, module_redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "history.sqlite3").write_bytes(b"anything but a database " * 100)
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server:
        ended = headway("doctor", HEADWAY_API_URL=server.url)
    assert level_of(ended, "SQL")[0] == "bad"
    assert "the API cannot read history: history " in ended.out
    assert "HEADWAY_DATABASE_URL" in ended.out


def test_whether_a_judge_is_there_is_said(headway: Command, module_redis_url: str) -> None:
    with Redis.from_url(module_redis_url) as redis:
        redis.delete(keys.JUDGE)
        ended = headway("doctor")
        assert (level_of(ended, "judge"), ended.status) == (["warn"], 0)
        assert "start one: headway judge" in ended.out
        with closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store:
            store.run(announce())
        assert level_of(headway("doctor"), "judge") == ["ok"]
        # Silent for longer than its look takes, and not yet forgotten.
        redis.expire(keys.JUDGE, 40)
        assert level_of(headway("doctor"), "judge") == ["warn"]


def test_what_is_away_is_bad_and_says_what_to_do() -> None:
    ended = Command({"REDIS_URL": "redis://127.0.0.1:1/0", "HEADWAY_API_URL": "http://127.0.0.1:1"})("doctor")
    assert ended.status == 1
    assert (level_of(ended, "Redis"), level_of(ended, "API")) == (["bad"], ["bad"])
    assert "start it with `make run`, or set HEADWAY_API_URL to where it is" in ended.out


def test_an_api_whose_redis_is_away_is_bad() -> None:
    with api_server("redis://127.0.0.1:1/0", wait_ready=False) as api:
        ended = Command({"HEADWAY_API_URL": api.url})("doctor")
    assert ended.status == 1
    assert level_of(ended, "API") == ["ok", "bad"]
    # Nobody said that this machine should reach a Redis.
    assert level_of(ended, "Redis") == ["warn"]


def test_another_program_at_the_apis_address_is_bad(scripted_api: ScriptedApi) -> None:
    ended = Command({"HEADWAY_API_URL": scripted_api.url})("doctor")
    assert ended.status == 1
    assert f"what answers at {scripted_api.url} is not headway (HTTP 404)" in ended.out


@pytest.mark.parametrize(
    ("config", "about", "level", "advice"),
    [
        ({"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}, "memory", "bad", "maxmemory-policy noeviction"),
        ({"maxmemory-policy": "volatile-ttl"}, "memory", "warn", "maxmemory-policy noeviction"),
        ({"appendonly": "no"}, "persistence", "warn", "appendonly yes"),
    ],
)
def test_how_redis_is_set_up_is_judged(
    own_redis: RedisServer, config: dict[str, str], about: str, level: str, advice: str
) -> None:
    with Redis.from_url(own_redis.url) as redis:
        redis.config_set(*[part for item in config.items() for part in item])
    ended = Command({"REDIS_URL": own_redis.url, "HEADWAY_API_URL": "http://127.0.0.1:1"})("doctor")
    assert level_of(ended, about) == [level]
    assert advice in ended.out


def test_a_replica_takes_no_writes(own_redis: RedisServer) -> None:
    with Redis.from_url(own_redis.url) as redis:
        redis.replicaof("127.0.0.1", free_port())
    ended = Command({"REDIS_URL": own_redis.url, "HEADWAY_API_URL": "http://127.0.0.1:1"})("doctor")
    assert level_of(ended, "role") == ["bad"]


def test_a_password_is_not_shown() -> None:
    ended = Command({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0", "HEADWAY_API_URL": "http://127.0.0.1:1"})("doctor")
    assert "hunter2" not in ended.out + ended.err
    assert "redis://***@127.0.0.1:1/0" in ended.out


def test_a_variable_that_is_no_setting_is_pointed_out(headway: Command) -> None:
    ended = headway("doctor", HEADWAY_WROKERS="3")
    assert level_of(ended, "settings") == ["warn"]
    assert "did you mean HEADWAY_WORKERS?" in ended.out
    assert headway("doctor", HEADWAY_WORKERS="many").lines[1].startswith("bad  settings    HEADWAY_WORKERS: 'many'")


def test_jobs_that_no_worker_will_take_are_pointed_out(headway: Command) -> None:
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        client.submit("add", {"a": 1, "b": 1}, queue="elsewhere")
    ended = headway("doctor")
    assert ended.status == 0
    assert level_of(ended, "queue") == ["warn"]
    assert "headway worker --queue elsewhere --tasks yourmodule" in ended.out


def test_another_redis_than_the_apis_is_found_out(headway: Command, own_redis: RedisServer) -> None:
    ended = headway("doctor", REDIS_URL=own_redis.url)
    assert ended.status == 1
    assert "it looks at another Redis" in ended.out


def test_a_worker_of_another_version_and_a_silent_one_are_pointed_out(scripted_api: ScriptedApi) -> None:
    old = WorkerInfo(name="w-old", host="here", queues=["default"], version="0.0.1", age_s=1.0)
    silent = WorkerInfo(name="w-silent", host="there", queues=["default"], version="0.1.0", age_s=30.0)
    scripted_api.answer("GET", "/healthz", 200, {"version": "0.0.1"})
    scripted_api.answer("GET", "/readyz", 200, {})
    scripted_api.answer("GET", "/workers", 200, [old.model_dump(), silent.model_dump()])
    scripted_api.answer("GET", "/tasks", 200, [])
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [], "next": None})
    scripted_api.refuse_sockets = True
    ended = Command({"HEADWAY_API_URL": scripted_api.url})("doctor")
    assert level_of(ended, "worker") == ["warn", "warn"]
    assert level_of(ended, "API") == ["warn", "ok"]
    assert level_of(ended, "WebSocket") == ["warn"]
    assert "silent for more than 12 s" in ended.out


def test_a_clock_is_off_by_what_its_reading_cannot_explain() -> None:
    now_s = time.time()
    assert clock("Redis", now_s, now_s - 0.1, now_s + 3.0, step_s=0.0).level is Level.OK
    assert clock("the API", now_s - 0.9, now_s, now_s, step_s=1.0).level is Level.OK
    ahead = clock("Redis", now_s + 90, now_s, now_s + 1, step_s=0.0)
    assert (ahead.level, ahead.said) == (Level.WARN, "Redis is 1 min 29 s ahead of this machine")
    behind = clock("the API", now_s - 10, now_s, now_s, step_s=1.0)
    assert (behind.level, behind.said) == (Level.WARN, "the API is 9 s behind this machine")
