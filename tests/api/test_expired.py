"""Jobs whose snapshots have left Redis are answered for by history, and read the same."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis
from websockets.sync.client import connect

from api.expired import WAIT_S
from headway import keys
from headway.history.database import Database, database_url
from headway.history.migrate import migrate
from headway.history.streams import Streams
from headway.history.writing import Writer
from headway.settings import Settings
from headway.snapshot import EndedAttempt
from headway.status import Status
from tests.api.conftest import Write
from tests.api.test_errors import check_problem
from tests.api.watching import WrittenJob, new_id, open_socket, read_to_end
from tests.servers import ApiServer, api_server


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def database(data_dir: Path) -> Iterator[Database]:
    with closing(Database(database_url(Settings(data_dir=data_dir)))) as database:
        migrate(database)
        yield database


@pytest.fixture(scope="module")
def api(module_redis_url: str, data_dir: Path, database: Database) -> Iterator[ApiServer]:
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(data_dir)) as server:
        yield server


@pytest.fixture
def record(redis: Redis, database: Database) -> Any:
    """Writes down what has happened until now."""
    streams = Streams(redis, "test")
    streams.join()

    def write() -> None:
        while entries := streams.take(1):
            Writer(database).write(entries)
            streams.done(entries)

    return write


def expire(redis: Redis, job_id: str) -> None:
    """All that Redis has of a job goes away, as it does a week after its end."""
    names = list(redis.scan_iter(f"job:{job_id}:*"))
    assert keys.snapshot(job_id).encode() in names
    redis.delete(*names)


def test_a_finished_job_reads_the_same_after_it_has_left(
    http: httpx2.Client, api: ApiServer, job: WrittenJob, redis: Redis, record: Any
) -> None:
    job.start()
    job.finish({"value": 42})

    def looks() -> list[Any]:
        with open_socket(api, job.id) as socket:
            frames = read_to_end(socket)
        with connect(f"{api.ws_url}/ws") as many:
            many.send(json.dumps({"op": "subscribe", "jobs": {job.id: None}}))
            enveloped = [json.loads(many.recv(5)) for _ in range(2)]
        status = http.get(f"/status/{job.id}")
        return [
            status.content,
            status.headers["etag"],
            http.get(f"/jobs/{job.id}").json()["snapshot"],
            http.get(f"/jobs/{job.id}/result").json(),
            http.get("/status", params={"ids": f"{job.id},nobody"}).content,
            http.get(f"/status/{job.id}?after=1&wait=5").content,
            http.get(f"/events/{job.id}").content,
            frames,
            enveloped,
        ]

    record()
    before = looks()
    expire(redis, job.id)
    assert looks() == before
    assert before[-2] == ([json.loads(before[0])], 1000)


def test_what_a_client_has_already_is_not_sent_again(
    http: httpx2.Client, api: ApiServer, job: WrittenJob, redis: Redis, record: Any
) -> None:
    job.start()
    seq = job.finish()
    record()
    expire(redis, job.id)

    assert http.get(f"/status/{job.id}?after={seq}&wait=5").status_code == 304
    assert http.get(f"/events/{job.id}?after={seq}").status_code == 204
    with open_socket(api, job.id, f"?after={seq}") as socket:
        assert read_to_end(socket) == ([], 1000)


def test_a_lesson_writers_job_reads_the_same_after_it_has_left(http: httpx2.Client, redis: Redis, record: Any) -> None:
    job_id = new_id()
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": "finished", "percent": 100, "é": 1e300}))
    before = http.get(f"/status/{job_id}").content
    record()
    expire(redis, job_id)
    assert http.get(f"/status/{job_id}").content == before


def test_a_deleted_job_is_gone_although_its_rows_are_still_there(
    http: httpx2.Client, job: WrittenJob, record: Any
) -> None:
    job.start()
    job.finish()
    record()
    assert http.delete(f"/jobs/{job.id}").status_code == 204
    for path in (f"/status/{job.id}", f"/jobs/{job.id}", f"/jobs/{job.id}/history", f"/events/{job.id}"):
        check_problem(http.get(path), 404, "job-not-found")
    assert http.get("/status", params={"ids": job.id}).json()["missing"] == [job.id]


def test_a_job_that_was_not_over_when_redis_lost_it_keeps_its_history_alone(
    http: httpx2.Client, job: WrittenJob, redis: Redis, record: Any
) -> None:
    job.start()
    record()
    expire(redis, job.id)
    check_problem(http.get(f"/status/{job.id}"), 404, "job-not-found")
    assert [one["status"] for one in http.get(f"/jobs/{job.id}/history").json()["events"]] == ["queued", "started"]


def test_a_job_that_comes_back_is_followed_from_there(
    api: ApiServer, job: WrittenJob, redis: Redis, record: Any, write_job: Write
) -> None:
    job.start()
    record()
    expire(redis, job.id)
    plain = {"job_id": job.id, "status": "finished", "percent": 100}
    with open_socket(api, job.id) as socket:
        threading.Timer(0.3, redis.set, (keys.snapshot(job.id), json.dumps(plain))).start()
        frames, code = read_to_end(socket)
    assert ([frame["status"] for frame in frames], code) == (["finished"], 1000)


def test_history_comes_in_pages_that_miss_none(http: httpx2.Client, job: WrittenJob, record: Any) -> None:
    job.start()
    for n in range(5):
        job.write(status="running", n=n, total=5, message=f"step {n}")
    error = {"type": "ValueError", "detail": "no"}
    job.write(status="failed", error=error)
    record()
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = http.get(f"/jobs/{job.id}/history", params=query).raise_for_status().json()
        assert len(page["events"]) <= 3
        seen += page["events"]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert [event["seq"] for event in seen] == list(range(1, 9))
    assert (seen[3]["message"], seen[3]["n"], seen[3]["total"]) == ("step 1", 1, 5)
    assert [event["error"] for event in seen] == [None] * 7 + [error]


@pytest.mark.parametrize("after", ["x", "' OR 1=1 --", "1761646894000-0", "9" * 40])
def test_a_cursor_that_no_page_gave_is_refused(http: httpx2.Client, job: WrittenJob, after: str) -> None:
    check_problem(http.get(f"/jobs/{job.id}/history", params={"after": after}), 422, "bad-request")


def test_while_history_cannot_be_read_live_jobs_are_and_others_are_503(
    module_redis_url: str, tmp_path: Path, write_job: Write
) -> None:
    (tmp_path / "history.sqlite3").write_bytes(b"anything but a database " * 100)
    job = write_job(module_redis_url)
    with (
        api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server,
        httpx2.Client(base_url=server.url) as http,
    ):
        assert http.get(f"/status/{job.id}").status_code == 200
        assert http.get(f"/jobs/{job.id}").status_code == 200
        for path in (f"/jobs/{job.id}/history", f"/status/{new_id()}", f"/jobs/{new_id()}", "/status?ids=nobody"):
            check_problem(http.get(path), 503, "history-unavailable")
        job.start()
        job.finish()
        with open_socket(server, job.id) as socket:
            assert read_to_end(socket)[1] == 1000
        with open_socket(server, new_id()) as socket:
            assert read_to_end(socket) == ([], 1013)


def test_a_history_that_hangs_is_waited_for_once_however_many_jobs_are_followed(
    module_redis_url: str, tmp_path: Path, write_job: Write
) -> None:
    job, unknown = write_job(module_redis_url), [new_id() for _ in range(30)]
    with (
        api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server,
        closing(sqlite3.connect(tmp_path / "history.sqlite3", isolation_level=None)) as file,
        connect(f"{server.ws_url}/ws") as many,
    ):
        file.execute("CREATE TABLE jobs (job_id TEXT)")
        file.execute("BEGIN EXCLUSIVE")
        many.send(json.dumps({"op": "subscribe", "jobs": dict.fromkeys([*unknown, job.id])}))
        assert json.loads(many.recv(5))["snapshot"]["job_id"] == job.id
        begun_s = time.monotonic()
        errors = [json.loads(many.recv(20)) for _ in unknown]
        took_s = time.monotonic() - begun_s
    assert {(error["job_id"], error["status"]) for error in errors} == {(job_id, 503) for job_id in unknown}
    assert took_s < WAIT_S * 5


def test_a_job_that_was_retried_keeps_how_its_attempts_ended(
    http: httpx2.Client, job: WrittenJob, redis: Redis, record: Any
) -> None:
    job.start()
    job.retry(EndedAttempt(attempt=1, status=Status.FAILED, worker="w-1", finished_at="2025-10-28T10:21:34.000Z"))
    job.start()
    job.finish()
    record()
    expire(redis, job.id)
    first, _ = http.get(f"/jobs/{job.id}").json()["attempts"]
    assert (first["attempt"], first["status"], first["worker"]) == (1, "failed", "w-1")


def listed(http: httpx2.Client, **query: Any) -> list[str]:
    """All jobs of a list, page by page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/jobs", params=query | ({"cursor": cursor} if cursor else {})).raise_for_status().json()
        assert len(page["jobs"]) <= query["limit"]
        found += [job["job_id"] for job in page["jobs"]]
        cursor = page["next"]
    return found


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_jobs_that_have_left_are_listed_where_they_were(
    http: httpx2.Client, module_redis_url: str, redis: Redis, record: Any, write_job: Write, limit: int
) -> None:
    task = f"listed-{limit}"
    jobs = [write_job(module_redis_url, task=task) for _ in range(8)]
    for job in jobs[::2]:
        job.start()
        job.finish()
    record()
    before = listed(http, limit=limit, task=task)
    for job in jobs[:3]:
        expire(redis, job.id)
    # One of those three was not over; and one came that no recorder has seen.
    new = write_job(module_redis_url, task=task)
    assert sorted(before) == sorted(job.id for job in jobs)
    assert listed(http, limit=limit, task=task) == [new.id] + [job_id for job_id in before if job_id != jobs[1].id]
    finished = [job_id for job_id in before if job_id in {job.id for job in jobs[::2]}]
    assert listed(http, limit=limit, task=task, status="finished") == finished
    assert listed(http, limit=limit, search=task.upper(), status=["finished", "canceled"]) == finished


def test_a_deleted_job_is_listed_no_more_although_its_row_is_still_there(
    http: httpx2.Client, module_redis_url: str, record: Any, write_job: Write
) -> None:
    job = write_job(module_redis_url, task="deleted")
    job.start()
    job.finish()
    record()
    http.delete(f"/jobs/{job.id}")
    assert listed(http, limit=5, task="deleted") == []


def test_a_job_is_listed_as_it_is_now_and_not_as_it_was_recorded(
    http: httpx2.Client, module_redis_url: str, record: Any, write_job: Write
) -> None:
    job = write_job(module_redis_url, task="moved-on")
    record()
    job.start()
    assert listed(http, limit=5, task="moved-on", status="queued") == []
    assert listed(http, limit=5, task="moved-on", status="started") == [job.id]
