"""What others may have left in Redis or send in a submit: a clear error or a sound default, never a 500."""

import json
from typing import Any

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.snapshot import Snapshot
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket, read_to_end
from tests.servers import ApiServer


def stored(redis: Redis, value: str | bytes) -> str:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", value)
    return job_id


UNREADABLE = [
    b"", b"not JSON", b"[1, 2]", b'"text"', b"null", b"\xff\xfe", b"{", b'{"status": "done"}', b'{"status": 7}',
    b'{"status": ["x"]}', b'{"seq":1', b'{"seq":"1","status":"queued"}', b'{"seq":1,"no":"status"}', b'{"seq":1,]',
    b'{"seq":0,"status":"running"}', b'{"seq":true,"status":"running"}', b'{"seq":1e3,"status":"running"}',
    b'{"seq":5,"status":"running","bars":3}', b'{"seq":5,"status":"running","error":{"type":7}}',
    b'{"status": "running", "bars": 3}', b"[" * 3_000,
]  # fmt: skip


@pytest.mark.parametrize("path", ["/status/{}", "/jobs/{}", "/jobs/{}/result"])
@pytest.mark.parametrize("value", UNREADABLE, ids=lambda value: value[:30].decode(errors="replace"))
def test_a_snapshot_that_is_none_is_502_and_says_so(http: httpx2.Client, redis: Redis, value: bytes, path: str) -> None:
    answer = http.get(path.format(stored(redis, value)))

    assert answer.status_code == 502
    assert answer.json()["type"] == "urn:headway:unreadable"


def test_a_snapshot_that_is_none_does_not_hide_the_others_in_the_list(
    http: httpx2.Client, redis: Redis, module_redis_url: str, write_job: Write
) -> None:
    broken, sound = write_job(module_redis_url), write_job(module_redis_url)
    redis.set(f"job:{broken.id}:progress", '{"seq":1,broken')
    listed = [job["job_id"] for job in http.get("/jobs").raise_for_status().json()["jobs"]]

    assert sound.id in listed
    assert broken.id not in listed


@pytest.mark.parametrize("result", ["[" * 300 + "]" * 300, '{"\\ud800":1}'])
def test_a_snapshot_that_no_writer_of_json_writes_is_502(http: httpx2.Client, redis: Redis, result: str) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", f'{{"seq":1,"status":"running","result":{result}}}')

    assert http.get(f"/status/{job_id}").status_code == 502


# What begins like headway's own and lacks members, or has some that no bar can draw.
HALF = [
    "",
    ',"percent":"many"',
    ',"percent":NaN',
    ',"percent":120.5,"message":null',
    ',"percent":true,"updated_at":null',
]


@pytest.mark.parametrize("more", HALF)
def test_a_snapshot_that_only_begins_like_headways_is_made_whole(http: httpx2.Client, redis: Redis, more: str) -> None:
    job_id = stored(redis, f'{{"seq":5,"status":"running"{more}}}')
    snapshot = http.get(f"/status/{job_id}").raise_for_status().json()

    assert (snapshot["job_id"], snapshot["status"], snapshot["seq"]) == (job_id, "running", 5)
    assert type(snapshot["percent"]) is int
    assert 0 <= snapshot["percent"] <= 100
    assert (type(snapshot["message"]), type(snapshot["updated_at"])) == (str, str)
    assert (snapshot["result"], snapshot["error"]) == (None, None)
    assert snapshot.keys() == Snapshot.model_fields.keys()
    assert http.get(f"/jobs/{job_id}").json()["snapshot"] == snapshot


def test_a_list_and_a_socket_make_it_whole_too(api: ApiServer, http: httpx2.Client, redis: Redis) -> None:
    job_id = stored(redis, '{"seq":5,"status":"running"}')
    redis.zadd(keys.INDEX, {job_id: 4e12})
    whole = http.get(f"/status/{job_id}").json()
    (first,) = http.get("/jobs?limit=1").json()["jobs"]
    redis.zrem(keys.INDEX, job_id)
    with open_socket(api, job_id) as socket:
        frames = [next_frame(socket)]
        redis.publish(f"job:{job_id}:updates", '{"seq":6,"status":"failed","percent":"many"}')
        frames += read_to_end(socket)[0]

    assert (first, frames[0]) == (whole, whole)
    assert frames[1] == whole | {"seq": 6, "status": "failed"}


def test_a_key_of_another_type_is_404(http: httpx2.Client, redis: Redis) -> None:
    job_id = new_id()
    redis.rpush(f"job:{job_id}:progress", "x")

    assert http.get(f"/status/{job_id}").status_code == 404


@pytest.mark.parametrize("part", ["state", "attempts", "lease", "spec"])
def test_a_neighbouring_key_of_another_type_is_502(
    http: httpx2.Client, redis: Redis, job: WrittenJob, part: str
) -> None:
    redis.delete(f"job:{job.id}:{part}")
    redis.sadd(f"job:{job.id}:{part}", "x")
    if part == "state":
        redis.set(f"job:{job.id}:progress", '{"status": "running"}')

    assert http.get(f"/jobs/{job.id}").status_code == 502


def test_members_that_are_missing_get_defaults(http: httpx2.Client, redis: Redis) -> None:
    snapshot = http.get(f"/status/{stored(redis, '{}')}").raise_for_status().json()

    assert (snapshot["status"], snapshot["percent"], snapshot["message"], snapshot["seq"]) == ("queued", 0, "", 1)
    assert len(snapshot) >= 34


@pytest.mark.parametrize(
    "frame", [{"status": "running", "percent": 100}, {"status": "failed", "percent": 0, "error": None}]
)
def test_an_odd_lesson_frame_is_delivered_as_written(http: httpx2.Client, redis: Redis, frame: dict[str, Any]) -> None:
    snapshot = http.get(f"/status/{stored(redis, json.dumps(frame))}").raise_for_status().json()

    assert frame.items() <= snapshot.items()


def test_nan_in_a_lesson_frame_is_null_since_no_browser_reads_it(http: httpx2.Client, redis: Redis) -> None:
    job_id = stored(redis, '{"status": "running", "result": [NaN, Infinity]}')
    answer = http.get(f"/status/{job_id}")

    assert answer.json()["result"] == [None, None]
    assert "NaN" not in answer.text


def test_numbers_that_no_double_carries_break_neither_a_status_nor_a_list(http: httpx2.Client, redis: Redis) -> None:
    huge = "1" + "0" * 400
    job_id = stored(redis, f'{{"status": "running", "percent": {huge}, "result": [1e999, -1e999]}}')

    assert http.get(f"/jobs/{job_id}").status_code == 200
    assert http.get("/jobs").status_code == 200
    assert http.get(f"/status/{job_id}").json()["result"] == [None, None]


BAD_PARAMS = [
    ({"n_steps": "many"}, "n_steps"),
    ({"n_steps": -1}, "n_steps"),
    ({"n_steps": None}, "n_steps"),
    ({"n_steps": 1.5}, "n_steps"),
    ({"steps": 3}, "steps"),
    ({"step_s": float("nan")}, "step_s"),
    ({"\ud800": 1}, ""),
    ({"n_steps": "\ud800"}, "n_steps"),
    ({"n_steps": [[[[1]]]]}, "n_steps"),
]


@pytest.mark.parametrize(("params", "field"), BAD_PARAMS)
def test_params_that_do_not_fit_are_422_and_name_the_field(
    http: httpx2.Client, params: dict[str, Any], field: str
) -> None:
    body = json.dumps({"task": "long_task", "params": params})
    answer = http.post("/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:headway:bad-params"
    assert answer.json()["errors"][0]["field"] == field


def test_every_fault_is_named(http: httpx2.Client) -> None:
    answer = http.post("/jobs", json={"task": "long_task", "params": {"n_steps": "x", "step_s": -1, "z": 0}})

    assert {error["field"] for error in answer.json()["errors"]} == {"n_steps", "step_s", "z"}


def test_params_nested_without_end_are_422(http: httpx2.Client) -> None:
    body = '{"task": "long_task", "params": {"n_steps": ' + "[" * 500 + "]" * 500 + "}}"
    answer = http.post("/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "n_steps"


@pytest.mark.parametrize("steps", ["x", None, 1.5, []])
def test_the_lessons_submit_names_n_steps(http: httpx2.Client, steps: object) -> None:
    answer = http.post("/workflow/run", json={"n_steps": steps})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "n_steps"


@pytest.mark.parametrize("task", ["", "x" * 5_000, "\ud800", "a/b", "../x"])
def test_a_name_that_no_task_has_is_refused(http: httpx2.Client, task: str) -> None:
    answer = http.post("/jobs", content=json.dumps({"task": task}), headers={"Content-Type": "application/json"})

    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("queue", ["", "a b", "a:b", "\n", "x" * 101])
def test_a_queue_that_no_worker_can_have_is_422(http: httpx2.Client, queue: str) -> None:
    answer = http.post("/jobs", json={"task": "long_task", "queue": queue})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "queue")
