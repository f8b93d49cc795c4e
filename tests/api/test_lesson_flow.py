"""The lesson's API flow from end to end, and the lesson's types in every snapshot of a real run."""

from datetime import datetime
from typing import Any

import pytest
from redis import Redis

from headway import keys
from headway.snapshot import Snapshot
from tests.api.watching import new_id, open_socket, read_to_end
from tests.fixtures import Stack

# Section 1 of the lesson, its comments left out.
EXAMPLE = """{
  "job_id": "abcd1234",
  "status": "queued|started|running|paused|canceled|failed|finished",
  "percent": 0,
  "message": "step 2/5...",
  "result": null,
  "error": null,
  "updated_at": "2025-10-28T10:21:34Z"
}"""
STATUSES = ("queued", "started", "running", "paused", "canceled", "failed", "finished")


@pytest.mark.parametrize("status", STATUSES)
def test_the_lessons_example_object_parses_with_each_of_its_statuses(status: str) -> None:
    snapshot = Snapshot.model_validate_json(EXAMPLE.replace("|".join(STATUSES), status))

    assert (snapshot.job_id, snapshot.status, snapshot.percent) == ("abcd1234", status, 0)
    assert (snapshot.message, snapshot.result, snapshot.error) == ("step 2/5...", None, None)


def check_lesson_types(snapshot: dict[str, Any]) -> None:
    assert type(snapshot["job_id"]) is str
    assert snapshot["status"] in STATUSES
    assert type(snapshot["percent"]) is int
    assert 0 <= snapshot["percent"] <= 100
    assert type(snapshot["message"]) is str
    assert "result" in snapshot
    assert snapshot["error"] is None or snapshot["error"].keys() == {"type", "detail"}
    assert datetime.fromisoformat(snapshot["updated_at"]).tzinfo is not None


@pytest.mark.parametrize("n_steps", [0, -3])
def test_without_a_step_to_take_the_job_finishes_at_once(stack: Stack, n_steps: int) -> None:
    job_id = stack.client.post("/workflow/run", json={"n_steps": n_steps}).raise_for_status().json()["job_id"]
    with open_socket(stack.api, job_id) as ws:
        frames, _ = read_to_end(ws)

    assert {frame["message"] for frame in frames} <= {"queued", "starting...", "complete"}
    assert (frames[-1]["status"], frames[-1]["result"]) == ("finished", {"msg": "done", "value": 42})


def test_run_status_and_socket_go_from_queued_to_finished_as_in_the_lesson(stack: Stack) -> None:
    answer = stack.client.post("/workflow/run", json={})
    job_id = answer.json()["job_id"]
    with open_socket(stack.api, job_id) as ws:
        frames, code = read_to_end(ws)
    last = stack.client.get(f"/status/{job_id}").json()

    assert (answer.status_code, answer.json().keys(), code) == (200, {"job_id"}, 1000)
    assert frames[-1] == last
    assert (last["status"], last["percent"], last["result"]) == ("finished", 100, {"msg": "done", "value": 42})
    said = [frame["message"] for frame in frames]
    assert [message for message in said if message.startswith("step ")] == [f"step {i}/5" for i in range(1, 6)]
    assert said[-1] == "complete"
    for frame in frames:
        check_lesson_types(frame)


def test_an_unknown_id_is_404_with_the_lessons_words(stack: Stack) -> None:
    answer = stack.client.get("/status/nobody")

    assert (answer.status_code, answer.json()["detail"]) == (404, "job not found")


@pytest.mark.parametrize(("status", "percent"), [("running", 100), ("failed", 0), ("finished", 3)])
def test_an_odd_lesson_frame_reaches_a_socket_as_it_was_written(stack: Stack, status: str, percent: int) -> None:
    job_id = new_id()
    written = f'{{"job_id": "{job_id}", "status": "{status}", "percent": {percent}, "result": [], "message": "né"}}'
    with Redis.from_url(stack.redis_url) as redis:
        redis.set(keys.snapshot(job_id), written)
    with open_socket(stack.api, job_id) as ws:
        frame = Snapshot.model_validate_json(ws.recv(5))

    assert (frame.status, frame.percent, frame.result, frame.message) == (status, percent, [], "né")
