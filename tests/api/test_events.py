"""One job's snapshots as Server-Sent Events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from redis import Redis

from tests.api.conftest import Write
from tests.api.raw import asking
from tests.api.watching import WrittenJob, new_id, subscribers, watchers
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

Event = dict[str, Any]


@contextmanager
def following(http: httpx2.Client, job_id: str, query: str = "", **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a job, each one's id beside its data."""
    with http.stream("GET", f"/events/{job_id}{query}", headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    event: Event = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event["id"] = value
        elif name == "data":
            event["snapshot"] = json.loads(value)
        elif line == "" and event:
            yield event
            event = {}


def over(job: WrittenJob) -> int:
    job.start()
    return job.finish()


def test_each_snapshot_is_an_event_named_by_its_seq_and_the_terminal_one_ends_it(
    http: httpx2.Client, job: WrittenJob
) -> None:
    with following(http, job.id) as stream:
        seen = [next(stream)]
        job.start()
        for percent in range(10):
            job.write(status="running", percent=percent, message="line\nbreak ✓")
        last_seq = job.finish({"value": 1})
        seen += stream

    seqs = [event["snapshot"]["seq"] for event in seen]
    assert [event["id"] for event in seen] == [str(seq) for seq in seqs]
    assert seqs == sorted(set(seqs))
    assert (seqs[0], seqs[-1], seen[-1]["snapshot"]["result"]) == (1, last_seq, {"value": 1})


def test_nobody_between_may_keep_or_hold_back_what_is_sent(http: httpx2.Client, job: WrittenJob) -> None:
    over(job)
    headers = http.get(f"/events/{job.id}").headers

    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("private, no-store", "no")
    assert "content-length" not in headers


@pytest.mark.parametrize("how", ["header", "query", "both"])
def test_whoever_returns_gets_only_what_is_newer(http: httpx2.Client, job: WrittenJob, how: str) -> None:
    job.start()
    query = {"header": "", "query": "?after=2", "both": "?after=1"}[how]
    headers = {} if how == "query" else {"Last-Event-ID": "2"}
    with following(http, job.id, query, **headers) as stream:
        wait_for(lambda: subscribers(job.store.redis, job.id), 15, "the API listens")
        job.write(status="running", percent=1)
        assert next(stream)["id"] == "3"


@pytest.mark.parametrize("seen", [0, 1, 99])
def test_whoever_has_another_snapshot_gets_the_latest_first(http: httpx2.Client, job: WrittenJob, seen: int) -> None:
    job.start()
    with following(http, job.id, **{"Last-Event-ID": str(seen)}) as stream:
        assert next(stream)["id"] == "2"


def test_whoever_returns_after_the_last_one_is_told_not_to_come_back(http: httpx2.Client, job: WrittenJob) -> None:
    last_seq = over(job)
    answer = http.get(f"/events/{job.id}", headers={"Last-Event-ID": str(last_seq)})

    assert (answer.status_code, answer.content) == (204, b"")


def test_whoever_misses_the_last_one_gets_it_and_the_end(http: httpx2.Client, job: WrittenJob) -> None:
    last_seq = over(job)
    with following(http, job.id, **{"Last-Event-ID": "1"}) as stream:
        assert [event["id"] for event in stream] == [str(last_seq)]


def test_an_attempt_that_failed_does_not_end_it(http: httpx2.Client, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", '{"status": "running", "percent": 3}')
    with following(http, job_id) as stream:
        assert next(stream)["snapshot"]["percent"] == 3
        redis.set(f"job:{job_id}:progress", '{"status": "queued", "percent": 0}')
        assert next(stream)["snapshot"]["status"] == "queued"
        redis.set(f"job:{job_id}:progress", '{"status": "finished", "percent": 100}')
        assert [event["snapshot"]["status"] for event in stream] == ["finished"]


@pytest.mark.parametrize("headers", [{}, {"Last-Event-ID": "3"}])
def test_an_unknown_job_is_404_before_anything_is_sent(http: httpx2.Client, headers: dict[str, str]) -> None:
    answer = http.get(f"/events/{new_id()}", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:headway:job-not-found")


@pytest.mark.parametrize("seen", ["-1", "x", "1.5", "9" * 40])
def test_an_id_that_no_event_has_is_refused(http: httpx2.Client, job: WrittenJob, seen: str) -> None:
    assert http.get(f"/events/{job.id}", params={"after": seen}).status_code == 422
    assert http.get(f"/events/{job.id}", headers={"Last-Event-ID": seen}).status_code == 422


def test_a_snapshot_that_is_none_is_502(http: httpx2.Client, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", "{broken")

    assert http.get(f"/events/{job_id}").status_code == 502


def test_a_client_that_leaves_is_noticed_at_once(api: ApiServer, job: WrittenJob) -> None:
    before = watchers(api)
    with asking(api, f"/events/{job.id}") as raw:
        assert b"200 OK" in raw.recv(100)
        wait_for(lambda: watchers(api) == before + 1, 15, "the client follows the job")

    wait_for(lambda: watchers(api) == before, 15, "nobody follows it")


def test_a_silent_job_shows_that_somebody_is_there(redis_url: str, write_job: Write) -> None:
    job = write_job(redis_url)
    with (
        api_server(redis_url, module="tests.api.impatient") as api,
        httpx2.stream("GET", f"{api.url}/events/{job.id}?after=1", timeout=10) as answer,
    ):
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(4)] == [":", "", ":", ""]
        job.start()
        assert next(line for line in lines if line.startswith("id")) == "id: 2"
