"""What is going on, in one answer."""

import json
from typing import Any

import httpx2
from redis import Redis

from headway import keys


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    """Write a snapshot as a foreign program does, where the list finds it."""
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))
    redis.zadd(keys.INDEX, {job_id: 1_767_268_800_000})


def test_jobs_under_way_and_what_needs_a_look_are_named(http: httpx2.Client, redis: Redis) -> None:
    put(redis, "ov-run", "running", queue="q1")
    put(redis, "ov-still", "running", queue="q1", stalled_since="2026-01-01T12:00:00.000Z")
    put(redis, "ov-held", "paused", queue="q2")
    put(redis, "ov-lost", "failed", error={"type": "WorkerLost", "detail": "silent"})
    put(redis, "ov-own", "failed", error={"type": "ValueError", "detail": "no"})
    said = http.get("/overview").json()
    assert (said["active"], said["paused"], said["stalled"]) == (3, 1, 1)
    assert said["jobs"][0]["job_id"] == "ov-still"
    assert {job["job_id"] for job in said["jobs"]} == {"ov-run", "ov-still", "ov-held"}
    assert [job["job_id"] for job in said["lost"]] == ["ov-lost"]
    active = {queue["queue"]: queue["active"] for queue in said["queues"]}
    assert (active["q1"], active["q2"]) == (2, 1)


def test_what_waits_is_counted_by_queue(http: httpx2.Client) -> None:
    before = http.get("/overview").json()["waiting"]
    for _ in range(2):
        http.post("/jobs", json={"task": "long_task", "params": {"n_steps": 3}, "queue": "ov-waits"})
    said = http.get("/overview")
    assert said.json()["waiting"] == before + 2
    loads = {queue["queue"]: queue for queue in said.json()["queues"]}
    assert loads["ov-waits"] == {"queue": "ov-waits", "waiting": 2, "active": 0, "workers": 0}
    assert said.headers["headway-poll-after"] == "1"


def test_at_rest_it_is_worth_asking_every_few_seconds(http: httpx2.Client, redis: Redis) -> None:
    redis.flushdb()
    assert 3 <= float(http.get("/overview").headers["headway-poll-after"]) <= 5
