"""Submitting, listing and looking at jobs."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.clock import utc_now
from headway.snapshot import EndedAttempt, JobError, Snapshot
from headway.status import Status
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id


def submit(http: httpx2.Client, key: str | None = None, user: str | None = None, **body: Any) -> httpx2.Response:
    given = {"Idempotency-Key": key, "X-Headway-User": user}
    headers = {name: value for name, value in given.items() if value is not None}
    return http.post("/jobs", json={"task": "long_task", **body}, headers=headers)


def listed(http: httpx2.Client, **query: Any) -> list[str]:
    return [job["job_id"] for job in http.get("/jobs", params=query).raise_for_status().json()["jobs"]]


def test_a_submit_answers_201_with_the_queued_snapshot_and_where_the_job_is(http: httpx2.Client) -> None:
    answer = submit(http, params={"n_steps": 3}, user="ada")
    snapshot = Snapshot.model_validate(answer.json())
    detail = http.get(answer.headers["location"]).json()

    assert answer.status_code == 201
    assert (snapshot.status, snapshot.seq, snapshot.task, snapshot.owner) == ("queued", 1, "long_task", "ada")
    assert (detail["spec"]["params"], detail["spec"]["owner"], detail["spec"]["verified"]) == (
        {"n_steps": 3},
        "ada",
        False,
    )
    assert (detail["snapshot"], detail["attempts"], detail["heartbeat_at"]) == (answer.json(), [], None)


def test_a_submit_that_nobody_serves_says_so(http: httpx2.Client) -> None:
    assert "no worker" in submit(http, queue="empty").json()["message"]


@pytest.mark.parametrize(("claimed", "name"), [
    (None, "local"), ("", "local"), ("x" * 500, "x" * 100), ("a\tb", "ab"), ("Zo\xeb", "Zoë"),
])  # fmt: skip
def test_the_owner_is_who_they_say_they_are_made_printable(http: httpx2.Client, claimed: str | None, name: str) -> None:
    headers = [] if claimed is None else [(b"X-Headway-User", claimed.encode("latin-1"))]
    answer = http.post("/jobs", json={"task": "long_task"}, headers=headers)

    assert answer.json()["owner"] == name


def test_a_repeat_with_the_same_key_answers_the_same_job(http: httpx2.Client, redis: Redis) -> None:
    first, second = (submit(http, key="once", params={"n_steps": 2}) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["job_id"] == second.json()["job_id"]
    assert redis.llen("rq:queue:headway-default") == len(listed(http, queue="default"))
    assert 86_000 < redis.ttl(keys.submission("local", "once")) <= 86_400


def test_a_repeat_puts_a_job_into_its_queue_that_a_broken_submit_left_outside(
    http: httpx2.Client, redis: Redis
) -> None:
    job_id = submit(http, key="broken", queue="broken").json()["job_id"]
    assert redis.lrem("rq:queue:headway-broken", 0, job_id) == 1
    for _ in range(2):
        assert submit(http, key="broken", queue="broken").json()["job_id"] == job_id

    assert redis.lrange("rq:queue:headway-broken", 0, -1) == [job_id.encode()]


def test_simultaneous_repeats_make_one_job(http: httpx2.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: submit(http, key="many"), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["job_id"] for answer in answers}) == 1


def test_the_same_key_for_another_submit_is_a_conflict(http: httpx2.Client) -> None:
    submit(http, key="reused", params={"n_steps": 2})
    other = submit(http, key="reused", params={"n_steps": 3})

    assert (other.status_code, other.json()["type"]) == (409, "urn:headway:conflict")


def test_the_same_key_of_another_user_is_another_job(http: httpx2.Client) -> None:
    ids = {submit(http, key="shared", user=user).json()["job_id"] for user in ("ada", "bob")}

    assert len(ids) == 2


@pytest.mark.parametrize("key", ["a:b", "a b", "x" * 129])
def test_a_key_with_other_characters_is_refused(http: httpx2.Client, key: str) -> None:
    assert submit(http, key=key).status_code == 422


def test_the_lessons_submit_ignores_what_it_does_not_know(http: httpx2.Client) -> None:
    answer = http.post("/workflow/run", json={"n_steps": "3", "colour": "blue"})

    assert (answer.status_code, answer.json().keys()) == (200, {"job_id"})


def test_jobs_are_listed_newest_first_in_pages_that_miss_none(
    http: httpx2.Client, module_redis_url: str, write_job: Write
) -> None:
    made = [write_job(module_redis_url, task="paged").id for _ in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = "task=paged&limit=3" + (f"&cursor={cursor}" if cursor else "")
        page = http.get(f"/jobs?{query}").raise_for_status().json()
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["next"]

    # Those of one millisecond are in no order that was promised.
    assert sorted(seen) == sorted(made)
    assert [job_id for job_id in seen if job_id in {made[0], made[-1]}] == [made[-1], made[0]]


def test_filters_narrow_the_list(http: httpx2.Client, module_redis_url: str, write_job: Write) -> None:
    waiting = write_job(module_redis_url, task="filtered", owner="eve", queue="q1")
    done = write_job(module_redis_url, task="filtered", owner="mallory", queue="q2")
    done.start()
    done.finish()

    assert set(listed(http, task="filtered")) == {waiting.id, done.id}
    assert listed(http, task="filtered", status="finished") == [done.id]
    assert set(listed(http, task="filtered", status=["finished", "queued"])) == {waiting.id, done.id}
    assert listed(http, owner="eve") == [waiting.id]
    assert listed(http, queue="q2") == [done.id]
    assert listed(http, owner="eve", status="failed") == []


def test_jobs_that_expired_leave_the_list(
    http: httpx2.Client, redis: Redis, module_redis_url: str, write_job: Write
) -> None:
    gone = write_job(module_redis_url, owner="gone")
    redis.delete(f"job:{gone.id}:progress")

    assert listed(http, owner="gone") == []
    assert redis.zscore(keys.INDEX, gone.id) is None
    assert redis.zscore(keys.owner_index("gone"), gone.id) is None


def test_a_rare_match_ends_the_page_early_and_goes_on_from_there(http: httpx2.Client, redis: Redis) -> None:
    prefix = new_id()
    frame = json.dumps({"seq": 1, "status": "queued", "job_id": "x"}).replace('"seq": 1', '"seq":1')
    redis.mset({f"job:{prefix}-{number}:progress": frame for number in range(1_500)})
    redis.zadd(keys.INDEX, {f"{prefix}-{number}": 4_000_000_000_000 + number for number in range(1_500)})
    first = http.get("/jobs", params={"task": "nowhere"}).json()
    second = http.get("/jobs", params={"task": "nowhere", "cursor": first["next"]}).json()
    redis.zremrangebyscore(keys.INDEX, 4_000_000_000_000, "+inf")

    assert (first["jobs"], first["next"] is not None) == ([], True)
    assert second == {"jobs": [], "next": None}


def test_a_lesson_job_is_listed_and_looked_at(http: httpx2.Client, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", json.dumps({"job_id": job_id, "status": "running", "percent": 4}))
    detail = http.get(f"/jobs/{job_id}").json()

    assert (detail["snapshot"]["percent"], detail["spec"], detail["attempts"]) == (4, None, [])
    assert job_id in listed(http)


def test_how_the_attempts_before_ended_is_told_oldest_first(http: httpx2.Client, job: WrittenJob) -> None:
    ended = [
        EndedAttempt(
            attempt=attempt,
            status=Status.FAILED,
            error=JobError(type="ValueError", detail=f"no. {attempt}"),
            worker="w-1",
            started_at=utc_now(),
            finished_at=utc_now(),
        )
        for attempt in (1, 2)
    ]
    for attempt in ended:
        job.start()
        job.retry(attempt)
    detail = http.get(f"/jobs/{job.id}").json()

    assert detail["attempts"] == [attempt.model_dump(mode="json") for attempt in ended]
    assert detail["attempts"][1]["error"] == {"type": "ValueError", "detail": "no. 2"}
    assert (detail["snapshot"]["attempt"], detail["snapshot"]["status"]) == (3, "queued")


def test_a_small_result_is_served_alone(http: httpx2.Client, job: WrittenJob) -> None:
    job.start()
    unfinished = http.get(f"/jobs/{job.id}/result")
    job.finish({"text": "ü", "none": None, "list": []})

    assert unfinished.status_code == 409
    assert http.get(f"/jobs/{job.id}/result").json() == {"text": "ü", "none": None, "list": []}


def test_a_large_result_is_served_from_beside_the_snapshot(http: httpx2.Client, job: WrittenJob, redis: Redis) -> None:
    large = json.dumps(["x" * 100] * 10_000)
    job.start()
    job.finish({"href": f"/jobs/{job.id}/result", "bytes": len(large)}, large_result=large)

    assert http.get(http.get(f"/status/{job.id}").json()["result"]["href"]).text == large
    redis.delete(f"job:{job.id}:result")
    assert http.get(f"/jobs/{job.id}/result").status_code == 404


def test_the_lessons_task_is_known_without_any_worker(http: httpx2.Client) -> None:
    task = http.get("/tasks/long_task").json()

    assert task in http.get("/tasks").json()
    assert (task["workers"], task["last_seen"]) == (0, None)
    assert task["params_schema"]["properties"]["n_steps"]["default"] == 5
    assert http.get("/workers").json() == []
