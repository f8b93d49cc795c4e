"""The lesson's own worker code, under its own worker, shown by headway."""

import json
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx2
import pytest
from redis import Redis
from rq import Queue

from tests.api.watching import new_id, open_socket, read_to_end, subscribers
from tests.fixtures import Stack
from tests.servers import ROOT, ApiServer, process
from tests.wait import wait_for

ODD_RESULT: dict[str, Any] = {
    "empty": [],
    "nested": {"also": {}},
    "nothing": None,
    "text": "Zürich → 東京 😀",
    "big": 2**60,
    "x": 1.0,
}


Frames = list[dict[str, Any]]


def watched(both: tuple[ApiServer, ApiServer], redis: Redis, job_id: str, work: Callable[[], object]) -> list[Frames]:
    """What sockets of both processes receive while `work` writes the job to its end."""
    received: list[Frames] = [[], []]

    def follow(place: int) -> None:
        with open_socket(both[place], job_id) as ws:
            received[place], _ = read_to_end(ws)

    followers = [threading.Thread(target=follow, args=(place,)) for place in (0, 1)]
    for follower in followers:
        follower.start()
    wait_for(lambda: subscribers(redis, job_id) == 2, 15, "both processes listen")
    work()
    for follower in followers:
        follower.join(10)
    return received


def statuses(both: tuple[ApiServer, ApiServer], job_id: str) -> list[dict[str, Any]]:
    return [httpx2.get(f"{api.url}/status/{job_id}").raise_for_status().json() for api in both]


def test_a_finishing_run_is_pushed_and_polled_alike_by_two_processes(
    both: tuple[ApiServer, ApiServer], redis: Redis, writers: ModuleType
) -> None:
    job_id = new_id()
    writers.seed(job_id)
    received = watched(both, redis, job_id, lambda: writers.long_task(job_id, 5))
    first, second = statuses(both, job_id)

    assert first == second == received[0][-1] == received[1][-1]
    assert (first["status"], first["percent"], first["message"]) == ("finished", 100, "complete")
    assert first["result"] == {"msg": "done", "value": 42}
    for frames in received:
        assert [frame["seq"] for frame in frames] == sorted({frame["seq"] for frame in frames})
        assert len(frames) >= 4
    shared = {frame["seq"]: frame for frame in received[0]}
    assert all(shared.get(frame["seq"], frame) == frame for frame in received[1])


def test_a_failing_run_shows_its_error(both: tuple[ApiServer, ApiServer], redis: Redis, writers: ModuleType) -> None:
    job_id = new_id()

    def fail() -> None:
        with pytest.raises(TypeError):
            writers.long_task(job_id, "five")

    received = watched(both, redis, job_id, fail)
    first, second = statuses(both, job_id)

    assert first == second == received[0][-1] == received[1][-1]
    assert (first["status"], first["percent"]) == ("failed", 0)
    assert first["error"]["type"] == "TypeError"


def test_any_json_goes_through_unchanged(both: tuple[ApiServer, ApiServer], redis: Redis, writers: ModuleType) -> None:
    job_id = new_id()
    work = lambda: writers._write_progress(job_id, "finished", 100, "grüße ✓", result=ODD_RESULT)  # noqa: E731
    received = watched(both, redis, job_id, work)
    written = json.loads(redis.get(f"job:{job_id}:progress") or "")

    for snapshot in (*statuses(both, job_id), *(frames[-1] for frames in received)):
        assert written.items() <= snapshot.items()
        assert isinstance(snapshot["result"]["x"], float)


def test_a_changed_snapshot_is_never_answered_with_304(both: tuple[ApiServer, ApiServer], writers: ModuleType) -> None:
    job_id = new_id()
    tags: set[str] = set()
    for percent in range(5):
        writers._write_progress(job_id, "running", percent)
        for api in both:
            for tag in tags:
                fresh = httpx2.get(f"{api.url}/status/{job_id}", headers={"If-None-Match": tag})
                assert (fresh.status_code, fresh.json()["percent"]) == (200, percent)
        tags.add(httpx2.get(f"{both[percent % 2].url}/status/{job_id}").headers["etag"])
    assert len(tags) == 5


def test_a_lesson_job_under_a_plain_rq_worker_is_shown_beside_headways_own(
    stack: Stack, redis: Redis, writers: ModuleType, module_redis_url: str
) -> None:
    job_id = new_id()
    command = [sys.executable, "-m", "rq.cli", "worker", "default", "--burst", "--url", module_redis_url]
    own = stack.client.post("/jobs", json={"task": "long_task", "params": {"n_steps": 2, "step_s": 0.1}}).json()
    writers.seed(job_id)
    Queue("default", connection=redis).enqueue("tests.lesson.writers.long_task", args=(job_id, 3), job_id=job_id)
    env = {"LESSON_REDIS_URL": module_redis_url, "LESSON_STEP_S": "0.3", "PYTHONPATH": str(ROOT)}
    with open_socket(stack.api, job_id) as ws, process(command, env):
        frames, code = read_to_end(ws)

    # A snapshot that is overwritten before anyone looks may be left out, the order and the end may not.
    assert list(dict.fromkeys(frame["status"] for frame in frames)) == ["queued", "started", "running", "finished"]
    assert (frames[-1]["result"], code) == ({"msg": "done", "value": 42}, 1000)
    wait_for(lambda: stack.client.get(f"/status/{own['job_id']}").json()["status"] == "finished", 10, "ours ends too")
