"""Several jobs' snapshots in one answer."""

import httpx2
import pytest
from redis import Redis

from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket
from tests.servers import ApiServer


@pytest.fixture
def jobs(write_job: Write, module_redis_url: str) -> list[WrittenJob]:
    return [write_job(module_redis_url) for _ in range(3)]


def ask(http: httpx2.Client, *ids: str, **headers: str) -> httpx2.Response:
    return http.get("/status", params={"ids": ",".join(ids)}, headers=headers)


def ids_of(answer: httpx2.Response) -> list[str]:
    return [snapshot["job_id"] for snapshot in answer.json()["snapshots"]]


def test_the_snapshots_come_in_the_order_asked_as_they_are_stored(
    http: httpx2.Client, jobs: list[WrittenJob], redis: Redis
) -> None:
    jobs[1].start()
    jobs[1].write(status="running", message="Zürich ✓", metrics={})
    asked = [job.id for job in reversed(jobs)]
    answer = ask(http, *asked)

    assert (ids_of(answer), answer.json()["missing"]) == (asked, [])
    assert redis.get(f"job:{jobs[1].id}:progress") in answer.content


def test_unknown_and_impossible_ids_cost_the_others_nothing(
    http: httpx2.Client, jobs: list[WrittenJob], redis: Redis
) -> None:
    redis.set("job:a/b:progress", '{"status": "running"}')
    missing = [new_id(), "a/b", "*", "ä", "x" * 65, 'q"uote', "\x00"]
    answer = ask(http, jobs[0].id, *missing, jobs[1].id)

    assert (answer.status_code, ids_of(answer)) == (200, [jobs[0].id, jobs[1].id])
    assert answer.json()["missing"] == missing


def test_a_snapshot_that_is_none_costs_the_others_nothing(
    http: httpx2.Client, jobs: list[WrittenJob], redis: Redis
) -> None:
    broken = [new_id(), new_id()]
    redis.set(f"job:{broken[0]}:progress", "{broken")
    redis.lpush(f"job:{broken[1]}:progress", "a list")
    answer = ask(http, jobs[0].id, *broken, jobs[1].id)

    assert (ids_of(answer), answer.json()["missing"]) == ([jobs[0].id, jobs[1].id], broken)


def test_a_job_asked_for_twice_comes_once(http: httpx2.Client, jobs: list[WrittenJob]) -> None:
    unknown = new_id()
    answer = ask(http, jobs[0].id, jobs[1].id, jobs[0].id, unknown, unknown)

    assert (ids_of(answer), answer.json()["missing"]) == ([jobs[0].id, jobs[1].id], [unknown])


@pytest.mark.parametrize("ids", ["", ",", ",,,"])
def test_no_ids_are_no_snapshots(http: httpx2.Client, ids: str) -> None:
    assert http.get(f"/status?ids={ids}").json() == {"snapshots": [], "missing": []}


def test_ids_have_to_be_said(http: httpx2.Client) -> None:
    answer = http.get("/status")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ids")


def test_two_hundred_jobs_are_answered_and_one_more_is_refused(http: httpx2.Client) -> None:
    ids = [f"{new_id()}-{'x' * 51}" for _ in range(201)]

    assert ask(http, *ids[:200]).json()["missing"] == ids[:200]
    refused = ask(http, *ids)
    assert (refused.status_code, "200" in refused.json()["detail"]) == (422, True)


def test_only_different_ids_count(http: httpx2.Client, jobs: list[WrittenJob]) -> None:
    assert ids_of(ask(http, *[jobs[0].id] * 300)) == [jobs[0].id]


def test_an_unchanged_answer_is_304_and_a_change_of_any_job_200(http: httpx2.Client, jobs: list[WrittenJob]) -> None:
    ids = [job.id for job in jobs]
    tag = ask(http, *ids).headers["etag"]
    unchanged = ask(http, *ids, **{"If-None-Match": tag})
    jobs[2].start()
    changed = ask(http, *ids, **{"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    assert unchanged.headers["headway-poll-after"] == "1"
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


def test_a_job_that_comes_to_be_is_a_change(http: httpx2.Client, jobs: list[WrittenJob], redis: Redis) -> None:
    unknown = new_id()
    tag = ask(http, jobs[0].id, unknown).headers["etag"]
    assert ask(http, jobs[0].id, unknown, **{"If-None-Match": tag}).status_code == 304
    redis.set(f"job:{unknown}:progress", '{"status": "queued"}')

    assert ids_of(ask(http, jobs[0].id, unknown, **{"If-None-Match": tag})) == [jobs[0].id, unknown]


def test_what_changes_soonest_says_when_to_ask_again(http: httpx2.Client, jobs: list[WrittenJob], redis: Redis) -> None:
    idle = new_id()
    redis.set(f"job:{idle}:progress", '{"status": "running", "updated_at": "2025-01-01T00:00:00Z"}')
    for job in jobs[:2]:
        job.start()
        job.finish()

    assert 3 <= float(ask(http, jobs[0].id, idle).headers["headway-poll-after"]) <= 5
    assert ask(http, jobs[0].id, idle, jobs[2].id).headers["headway-poll-after"] == "1"
    assert "headway-poll-after" not in ask(http, jobs[0].id, jobs[1].id).headers


def test_watched_jobs_are_answered_as_new_as_the_others(
    api: ApiServer, http: httpx2.Client, jobs: list[WrittenJob]
) -> None:
    with open_socket(api, jobs[0].id) as ws:
        next_frame(ws)
        for job in jobs:
            job.start()
        assert next_frame(ws)["seq"] == 2
        answer = ask(http, *[job.id for job in jobs])

    assert [snapshot["seq"] for snapshot in answer.json()["snapshots"]] == [2, 2, 2]
