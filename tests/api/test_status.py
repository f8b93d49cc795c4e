"""The status endpoint's headers: entity tags and the lesson's cadence."""

import json
import time
from datetime import UTC, datetime

import httpx2
import pytest
from redis import Redis

from headway.clock import format_utc
from tests.api.watching import WrittenJob, new_id


def lesson_job(redis: Redis, age_s: float, status: str = "running") -> str:
    job_id = new_id()
    updated_at = datetime.fromtimestamp(time.time() - age_s, UTC).replace(tzinfo=None).isoformat() + "Z"
    redis.set(f"job:{job_id}:progress", json.dumps({"status": status, "updated_at": updated_at}))
    return job_id


def test_the_body_is_what_is_stored(http: httpx2.Client, job: WrittenJob, redis: Redis) -> None:
    job.start()
    job.write(status="running", message="Zürich ✓", metrics={})

    assert http.get(f"/status/{job.id}").content == redis.get(f"job:{job.id}:progress")


def test_an_unchanged_snapshot_is_304_and_a_changed_one_200(http: httpx2.Client, job: WrittenJob) -> None:
    tag = http.get(f"/status/{job.id}").headers["etag"]
    unchanged = http.get(f"/status/{job.id}", headers={"If-None-Match": f'"x", W/{tag}'})
    job.start()
    changed = http.get(f"/status/{job.id}", headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    assert unchanged.headers["cache-control"] == "private, no-cache"
    assert "headway-poll-after" in unchanged.headers
    assert (changed.status_code, changed.json()["seq"]) == (200, 2)
    assert changed.headers["etag"].startswith('"2-')


@pytest.mark.parametrize("age_s", [0, 25, -60])
@pytest.mark.parametrize("status", ["queued", "started", "running", "paused"])
def test_a_job_that_changed_lately_is_worth_asking_every_second(
    http: httpx2.Client, redis: Redis, age_s: float, status: str
) -> None:
    answer = http.get(f"/status/{lesson_job(redis, age_s, status)}")

    assert answer.headers["headway-poll-after"] == "1"


def test_an_idle_job_is_worth_asking_every_three_to_five_seconds(http: httpx2.Client, redis: Redis) -> None:
    job_id = lesson_job(redis, 40)
    asked = {float(http.get(f"/status/{job_id}").headers["headway-poll-after"]) for _ in range(8)}

    assert all(3 <= seconds <= 5 for seconds in asked)
    assert len(asked) > 1


@pytest.mark.parametrize("status", ["finished", "failed", "canceled"])
def test_a_job_that_is_over_is_not_worth_asking_again(http: httpx2.Client, redis: Redis, status: str) -> None:
    answer = http.get(f"/status/{lesson_job(redis, 0, status)}")

    assert answer.status_code == 200
    assert "headway-poll-after" not in answer.headers


def test_the_submit_counts_as_a_change(http: httpx2.Client) -> None:
    job_id = http.post("/workflow/run", json={}).json()["job_id"]
    answer = http.get(f"/status/{job_id}")

    assert answer.headers["headway-poll-after"] == "1"
    assert answer.json()["updated_at"] <= format_utc(time.time())
