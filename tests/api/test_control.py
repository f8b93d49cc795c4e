"""What may be asked of a job over HTTP, who asked, and how it is refused."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.client import Client
from headway.errors import Conflict, JobNotFound
from tests.api.conftest import Write
from tests.api.test_errors import check_problem
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket
from tests.servers import ApiServer


def ask(http: httpx2.Client, job_id: str, action: str, **headers: str) -> httpx2.Response:
    return http.post(f"/jobs/{job_id}/{action}", headers=headers)


def test_a_request_is_shown_with_who_asked_and_when_and_nothing_else_changes(
    http: httpx2.Client, job: WrittenJob
) -> None:
    job.start()
    job.write(status="running", percent=7, result={"empty": []})
    answer = ask(http, job.id, "pause", **{"X-Headway-User": "ann"}).json()

    control = answer["control"]
    assert (control["requested"], control["by"]) == ("pause", "ann")
    assert control["at"].endswith("Z")
    assert (answer["status"], answer["percent"], answer["result"], answer["seq"]) == ("running", 7, {"empty": []}, 4)


def test_a_plain_socket_hears_of_a_request_unasked(api: ApiServer, http: httpx2.Client, job: WrittenJob) -> None:
    job.start()
    with open_socket(api, job.id) as socket:
        next_frame(socket)
        ask(http, job.id, "cancel")
        assert next_frame(socket)["control"]["requested"] == "cancel"


def test_the_answer_after_ones_own_request_is_never_older(
    api: ApiServer, http: httpx2.Client, write_job: Write, module_redis_url: str
) -> None:
    for _ in range(20):
        job = write_job(module_redis_url)
        job.start()
        with open_socket(api, job.id) as socket:
            next_frame(socket)
            asked = ask(http, job.id, "pause").json()["seq"]
            assert http.get(f"/status/{job.id}").json()["seq"] >= asked


def test_the_same_request_twice_is_one(http: httpx2.Client, job: WrittenJob) -> None:
    job.start()
    first = ask(http, job.id, "pause").json()
    again = ask(http, job.id, "pause")
    assert (again.status_code, again.json()) == (200, first)


def test_who_asked_is_in_the_events(http: httpx2.Client, job: WrittenJob, redis: Redis) -> None:
    ask(http, job.id, "cancel", **{"X-Headway-User": "bob"})
    entries = [fields for _, fields in redis.xrevrange(keys.EVENTS, count=50) if fields[b"job"].decode() == job.id]
    action = json.loads(entries[0][b"extra"])["action"]
    assert (action["asked"], action["by"], action["verified"]) == ("cancel", "bob", False)


def test_a_waiting_job_is_held_released_and_canceled_at_once(http: httpx2.Client, job: WrittenJob) -> None:
    held = ask(http, job.id, "pause").json()
    assert (held["status"], held["control"], held["can"]) == ("paused", None, ["resume", "cancel"])
    waiting = ask(http, job.id, "resume").json()
    assert (waiting["status"], waiting["can"]) == ("queued", ["pause", "cancel"])
    canceled = ask(http, job.id, "cancel").json()
    assert (canceled["status"], canceled["can"]) == ("canceled", ["retry"])
    assert canceled["finished_at"]


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_what_is_over_is_409_with_the_reason(http: httpx2.Client, job: WrittenJob, action: str) -> None:
    job.start()
    job.finish(1)
    assert "it is finished" in check_problem(ask(http, job.id, action), 409, "conflict")["detail"]


def test_a_lesson_writers_job_takes_no_requests(http: httpx2.Client, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", json.dumps({"job_id": job_id, "status": "running", "percent": 3}))
    problem = check_problem(ask(http, job_id, "pause"), 409, "conflict")
    assert "takes no requests" in problem["detail"]


def test_an_action_that_there_is_not_is_404(http: httpx2.Client, job: WrittenJob) -> None:
    assert ask(http, job.id, "explode").status_code == 404


def test_a_key_that_is_none_is_422(http: httpx2.Client, job: WrittenJob) -> None:
    check_problem(ask(http, job.id, "pause", **{"Idempotency-Key": "ü ü".encode().hex() + "/"}), 422, "bad-request")


def test_one_of_two_who_retry_at_once_is_told_that_it_is_under_way(http: httpx2.Client, job: WrittenJob) -> None:
    ask(http, job.id, "cancel")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda key: ask(http, job.id, "retry", **{"Idempotency-Key": key}), ["one", "two"]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert http.get(f"/status/{job.id}").json()["attempt"] == 2


def test_many_jobs_are_answered_for_one_by_one(http: httpx2.Client, write_job: Write, module_redis_url: str) -> None:
    waiting, over = write_job(module_redis_url), write_job(module_redis_url)
    over.start()
    over.finish(1)
    unknown = new_id()
    answer = http.post("/jobs/bulk", json={"action": "cancel", "ids": [waiting.id, over.id, unknown, "a b"]})

    results = answer.raise_for_status().json()["results"]
    assert [result["job_id"] for result in results] == [waiting.id, over.id, unknown, "a b"]
    assert results[0]["snapshot"]["status"] == "canceled"
    assert [result["snapshot"] for result in results[1:]] == [None] * 3
    assert "it is finished" in results[1]["problem"]
    assert results[2]["problem"] == "job not found"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "explode", "ids": ["x"]},
        {"action": "delete", "ids": ["x"]},
        {"action": "pause", "ids": []},
        {"action": "pause", "ids": ["x"] * 10_000},
        {"action": "pause", "ids": "x"},
        {"action": "pause", "ids": [1, None]},
        {"action": ["pause"], "ids": ["x"]},
        {"action": "pause", "ids": ["x"], "by": "ann"},
        {"action": "pause"},
        {},
        ["x"],
    ],
)
def test_a_bulk_request_that_makes_no_sense_is_422(http: httpx2.Client, body: dict[str, object]) -> None:
    check_problem(http.post("/jobs/bulk", json=body), 422, "bad-request")


@pytest.mark.parametrize("job_id", ["a/b", "../x", "a b", "", "\x00", "ü", "\ud83d", "x" * 100_000])
def test_what_is_no_job_id_is_answered_for_in_a_bulk_request(http: httpx2.Client, job_id: str) -> None:
    body = json.dumps({"action": "cancel", "ids": [job_id]})
    answer = http.post("/jobs/bulk", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code != 422:
        (result,) = answer.raise_for_status().json()["results"]
        assert result["snapshot"] is None
        assert result["problem"]


def test_who_deleted_a_job_is_recorded(http: httpx2.Client, write_job: Write, module_redis_url: str) -> None:
    job = write_job(module_redis_url)
    ask(http, job.id, "cancel")
    assert http.delete(f"/jobs/{job.id}", headers={"X-Headway-User": "ann"}).status_code == 204
    with Redis.from_url(module_redis_url) as redis:
        ((_, last),) = redis.xrevrange(keys.EVENTS, count=1)
    recorded = json.loads(last[b"extra"])["action"]
    assert (last[b"kind"], last[b"job"].decode()) == (b"delete", job.id)
    assert (recorded["asked"], recorded["by"], recorded["verified"]) == ("delete", "ann", False)
    assert recorded["at"]


def test_a_deleted_job_is_gone_at_once_also_for_who_watches(
    api: ApiServer, http: httpx2.Client, write_job: Write, module_redis_url: str
) -> None:
    job = write_job(module_redis_url)
    check_problem(http.delete(f"/jobs/{job.id}"), 409, "conflict")
    ask(http, job.id, "cancel")
    with open_socket(api, job.id) as socket:
        next_frame(socket)
        assert http.get(f"/status/{job.id}").status_code == 200
        assert http.delete(f"/jobs/{job.id}").status_code == 204
        assert http.get(f"/status/{job.id}").status_code == 404
    assert http.delete(f"/jobs/{job.id}").status_code == 404
    assert http.get(f"/jobs/{job.id}/result").status_code == 404


def test_the_client_asks_the_same(api: ApiServer, job: WrittenJob) -> None:
    with Client(api.url, user="ann") as client:
        assert client.pause(job.id).status == "paused"
        assert client.resume(job.id).status == "queued"
        assert client.cancel(job.id).status == "canceled"
        with pytest.raises(Conflict, match="it is canceled"):
            client.pause(job.id)
        assert client.retry(job.id).attempt == 2
        client.cancel(job.id)
        client.delete(job.id)
        with pytest.raises(JobNotFound):
            client.status(job.id)
