"""Garbage among what workers announced hides none of the others and refuses nobody's submit."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo, announce
from tests.servers import ApiServer

GARBAGE = [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"name": 7}', b'{"name": "x", "queues": 3, "params_schema": 3}']


@pytest.fixture
def announced(redis: Redis) -> Iterator[None]:
    """One sound worker with one sound task, and garbage beside both."""
    now_s = float(redis.time()[0])
    sound = announce(WorkerInfo(name="sound", tasks=["mine"], queues=["default"]), [TaskInfo(name="mine")], now_s)
    for command in sound.commands:
        redis.execute_command(*command)
    for number, said in enumerate(GARBAGE):
        redis.set(keys.worker(f"broken-{number}"), said)
        redis.hset(keys.TASKS, f"broken-{number}", said)
        redis.zadd(keys.WORKERS, {f"broken-{number}": now_s})
        redis.zadd(keys.TASKS_SEEN, {f"broken-{number}": now_s})
    redis.rpush(keys.worker("a-list"), "x")
    redis.hset(keys.TASKS, b"\xff", b"{")
    redis.zadd(keys.WORKERS, {"a-list": now_s, b"\xff": now_s})
    redis.zadd(keys.TASKS_SEEN, {b"\xff": now_s})
    yield
    redis.flushdb()


@pytest.mark.usefixtures("announced")
def test_sound_workers_and_tasks_are_listed_beside_garbage(http: httpx2.Client) -> None:
    workers = http.get("/workers").raise_for_status().json()
    tasks = http.get("/tasks").raise_for_status().json()

    assert [worker["name"] for worker in workers] == ["sound"]
    assert [(task["name"], task["workers"]) for task in tasks] == [("long_task", 0), ("mine", 1)]
    assert http.get("/tasks/mine").json()["workers"] == 1


@pytest.mark.usefixtures("announced")
def test_a_submit_is_taken_beside_garbage(http: httpx2.Client) -> None:
    assert http.post("/jobs", json={"task": "mine"}).status_code == 201
    assert http.post("/workflow/run", json={}).status_code == 200


@pytest.mark.usefixtures("announced")
def test_an_entry_that_is_left_out_is_said_once(api: ApiServer, http: httpx2.Client, redis: Redis) -> None:
    redis.hset(keys.TASKS, "only-here", "{")
    redis.zadd(keys.TASKS_SEEN, {"only-here": float(redis.time()[0])})
    for _ in range(3):
        http.get("/tasks").raise_for_status()

    said = [line for line in Path(api.log).read_text().splitlines() if f"{keys.TASKS} only-here" in line]
    assert len(said) == 1
    assert "is left out" in said[0]
