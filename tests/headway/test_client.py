"""The client against a real server that plays what the API may say."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from headway.client import Client
from headway.client.address import Address, header_text, identity
from headway.client.cadence import backoff_s, poll_after_s, seconds_of
from headway.errors import (
    ApiRefused,
    ApiUnavailable,
    BadInput,
    Conflict,
    HeadwayError,
    InvalidJobId,
    InvalidParams,
    JobFailed,
    JobNotFound,
    JobWasCanceled,
    NotAllowed,
    NotEncodable,
    NotSignedIn,
    StillRunning,
    StorageFull,
    TaskNotFound,
    TooLarge,
    TooMany,
    Unreadable,
)
from headway.snapshot import Snapshot
from headway.status import Status
from tests.headway.scripted_api import NOT_FOUND, ScriptedApi, problem, shot
from tests.ports import free_port
from tests.wait import wait_for

UNREADABLE = "what is stored for job 'j1' cannot be read: it is no JSON"


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with Client(api.url, user="ada") as client:
        yield client


def test_a_submit_sends_task_params_and_queue_and_returns_the_queued_snapshot(api: ScriptedApi, client: Client) -> None:
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"), {"Location": "/jobs/j1"})
    queued = client.submit("long_task", {"queue": "mine"}, queue="fast", n_steps=3)
    assert queued.status is Status.QUEUED
    sent = api.seen[0]
    assert json.loads(sent.body) == {"task": "long_task", "params": {"queue": "mine", "n_steps": 3}, "queue": "fast"}
    assert sent.headers["x-headway-user"] == "ada"
    assert sent.headers["content-type"] == "application/json"


def test_every_submit_has_an_idempotency_key_of_its_own(api: ScriptedApi, client: Client) -> None:
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))
    client.submit("a")
    client.submit("a")
    keys = [seen.headers["idempotency-key"] for seen in api.seen]
    assert len(set(keys)) == 2


def test_a_submit_whose_answer_was_lost_is_repeated_with_the_same_key(api: ScriptedApi, client: Client) -> None:
    # More bytes promised than sent: the server breaks the connection off in the middle of its answer.
    api.answer("POST", "/jobs", 201, b"{", {"Content-Length": "99"})
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))
    client.submit("a")
    keys = [seen.headers["idempotency-key"] for seen in api.seen]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_parameter_given_twice_is_refused_before_anything_is_sent(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(BadInput, match="'n_steps' was given twice"):
        client.submit("long_task", {"n_steps": 1}, n_steps=2)
    assert api.seen == []


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "naïve", "k" * 129])
def test_a_key_that_no_submit_can_carry_is_refused_before_anything_is_sent(
    api: ScriptedApi, client: Client, key: str
) -> None:
    with pytest.raises(BadInput, match="Idempotency-Key"):
        client.submit("a", idempotency_key=key)
    assert api.seen == []


def test_a_job_that_is_not_there_is_named_with_where_it_was_looked_for(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(JobNotFound) as caught:
        client.status("j9")
    note = f"The API at {api.url} has no job 'j9' that you may see; jobs() lists those that it has."
    assert (str(caught.value), caught.value.__notes__) == ("job not found", [note])


def test_a_token_that_is_not_known_is_asked_for(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/tasks", 401, problem("not-signed-in", "sign in first"))
    with pytest.raises(NotSignedIn, match="sign in first: pass the client a token=, or set HEADWAY_TOKEN"):
        client.tasks()


def test_dates_and_paths_are_sent_as_text_and_what_cannot_be_sent_is_named(api: ScriptedApi, client: Client) -> None:
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))
    client.submit("profile_table", path=Path("flights.csv"), day=date(2013, 1, 2))
    assert json.loads(api.seen[0].body)["params"] == {"path": "flights.csv", "day": "2013-01-02"}
    with pytest.raises(NotEncodable, match=r"params\.key"):
        client.submit("profile_table", key=len)


def test_a_token_travels_in_a_header_and_shows_nowhere_else(api: ScriptedApi) -> None:
    api.put(shot(1))
    with Client(api.url, token="s3cret") as client:
        client.status("j1")
        assert api.seen[0].headers["authorization"] == "Bearer s3cret"
        assert "s3cret" not in repr(client) + repr(vars(client))


@pytest.mark.parametrize(
    ("http_status", "body", "expected", "sentence"),
    [
        (404, NOT_FOUND, JobNotFound, "job not found"),
        (404, {"detail": "job not found"}, JobNotFound, "job not found"),
        (404, problem("task-not-found", "no"), TaskNotFound, "no task named"),
        (404, b"<h1>Not Found</h1>", ApiRefused, "<h1>Not Found</h1>"),
        (409, problem("conflict", "it is over"), Conflict, "it is over"),
        (403, problem("forbidden", "not yours"), NotAllowed, "not yours"),
        (401, problem("not-signed-in", "sign in"), NotSignedIn, "sign in: pass the client a token="),
        (422, problem("bad-request", "no JSON"), ApiRefused, r"no JSON \(HTTP 422\)"),
        (413, problem("too-large", "at most 1 MB"), TooLarge, "at most 1 MB"),
        (503, problem("redis-unavailable", "Redis does not answer"), ApiUnavailable, "Redis does not answer"),
        (502, problem("unreadable", UNREADABLE), Unreadable, f"^{UNREADABLE}$"),
        (422, problem("bad-request", "limit: at most 200", errors=[{"field": "limit"}]), ApiRefused, "at most 200"),
        (507, problem("storage-full", "no room left"), StorageFull, "no room left"),
        (429, problem("too-many", "try again in 7 s"), TooMany, "^try again in 7 s$"),
        (429, b"slow down", ApiRefused, "HTTP 429"),
        (413, b"<html>", ApiRefused, "HTTP 413"),
        (502, b"", ApiUnavailable, "no explanation given"),
        (307, b"", ApiRefused, "HTTP 307"),
        (200, b"<html>", ApiUnavailable, "is not headway's API"),
    ],
)
def test_each_problem_becomes_its_own_error(
    api: ScriptedApi, client: Client, http_status: int, body: Any, expected: type[HeadwayError], sentence: str
) -> None:
    api.answer("GET", "/status/j1", http_status, body)
    with pytest.raises(expected, match=sentence):
        client.status("j1")


def test_the_cadence_of_the_last_status_is_each_threads_own(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    api.poll_after = "4.5"
    client.status("j1")
    other = threading.Thread(target=lambda: (setattr(api, "poll_after", "1"), client.status("j1")))
    other.start()
    other.join(10)
    assert client.poll_after_s == 4.5


def test_bad_params_name_the_field(api: ScriptedApi, client: Client) -> None:
    fields = [{"field": "n_steps", "detail": "must be at least 1"}]
    api.answer("POST", "/jobs", 422, problem("bad-params", "not valid", errors=fields))
    with pytest.raises(InvalidParams, match="parameter 'n_steps': must be at least 1") as caught:
        client.submit("long_task", n_steps=0)
    assert caught.value.errors == fields


def test_no_api_says_where_it_was_looked_for_and_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client, pytest.raises(ApiUnavailable, match="make run") as caught:
        client.tasks()
    assert url in str(caught.value)
    assert "HEADWAY_API_URL" in str(caught.value)


def test_an_id_that_no_job_can_have_is_refused_here(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(InvalidJobId):
        client.status("../../healthz")
    with pytest.raises(InvalidJobId):
        client.watch("a" * 10_000)
    assert api.seen == []


def test_many_statuses_are_asked_for_at_most_200_at_a_time(api: ScriptedApi, client: Client) -> None:
    job_ids = [f"j{number}" for number in range(450)]
    for job_id in job_ids[:-1]:
        api.put(Snapshot(job_id=job_id, seq=3))
    found = client.statuses([*job_ids, "j0"])
    assert list(found.snapshots) == job_ids[:-1]
    assert found.missing == ["j449"]
    assert [seen.query["ids"].count(",") + 1 for seen in api.seen] == [200, 200, 50]
    assert client.poll_after_s == 0.1


def test_long_ids_are_asked_for_in_addresses_that_every_proxy_takes(api: ScriptedApi, client: Client) -> None:
    client.statuses(f"{number:064}" for number in range(200))
    assert len(api.seen) == 2
    assert max(len(seen.query["ids"]) for seen in api.seen) < 7_100


@pytest.mark.parametrize("job_ids", ["j1", ["j1", "a/b"], ["a" * 65]])
def test_statuses_of_what_is_no_list_of_ids_are_refused_before_anything_is_sent(
    api: ScriptedApi, client: Client, job_ids: Any
) -> None:
    with pytest.raises(BadInput):
        client.statuses(job_ids)
    assert client.statuses([]).snapshots == {}
    assert api.seen == []


def test_a_result_is_waited_for_and_returned_as_it_was_stored(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.result, "j1")
        wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
        api.put(shot(2, "finished", result={"href": "/elsewhere", "bytes": 3}))
        assert waiting.result(10) == {"href": "/elsewhere", "bytes": 3}


def test_a_result_beside_its_snapshot_is_fetched(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "finished", result={"href": "/jobs/j1/result", "bytes": 9}))
    api.answer("GET", "/jobs/j1/result", 200, [1, 2.5, None])
    assert client.result("j1") == [1, 2.5, None]


def test_the_result_of_a_failed_job_is_its_error(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "failed", error={"type": "ValueError", "detail": "no column 'x'"}))
    with pytest.raises(JobFailed, match=r"'j1' failed \(ValueError: no column 'x'\).*submit it again") as caught:
        client.result("j1")
    assert (caught.value.job_id, caught.value.type, caught.value.detail) == ("j1", "ValueError", "no column 'x'")


def test_the_result_of_a_canceled_job_is_an_error_that_a_job_may_catch(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "canceled"))
    with pytest.raises(JobWasCanceled, match="'j1' was canceled.*submit it again") as caught:
        client.result("j1")
    assert isinstance(caught.value, HeadwayError)


@pytest.mark.parametrize("timeout_s", [0, 0.2])
def test_a_result_that_takes_too_long_says_that_the_job_goes_on(
    api: ScriptedApi, client: Client, timeout_s: float
) -> None:
    api.put(shot(1))
    with pytest.raises(StillRunning, match=r"\(running\).*goes on.*result\(\) again") as caught:
        client.result("j1", timeout_s=timeout_s)
    assert isinstance(caught.value, TimeoutError)
    wait_for(lambda: api.open_sockets == 0, 10, "the socket is closed")


def test_a_result_that_is_there_is_returned_without_any_patience(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "finished", result=7))
    assert client.result("j1", timeout_s=0) == 7


def test_a_result_from_no_api_is_an_error_about_the_api() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(ApiUnavailable, match="make run"):
        client.result("j1", timeout_s=0.3)


def test_waiting_for_a_result_ends_when_the_client_is_closed(api: ScriptedApi) -> None:
    client = Client(api.url)
    api.put(shot(1))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.result, "j1")
        wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
        client.close()
        with pytest.raises(HeadwayError, match="closed before the job ended"):
            waiting.result(10)


def test_a_page_of_jobs_is_asked_for_by_filters_and_cursor(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/jobs", 200, {"jobs": [shot(1).model_dump(mode="json")], "next": "c2"})
    page = client.jobs(status=Status.RUNNING, owner="ada", limit=1, cursor="c1")
    assert [job.job_id for job in page.jobs] == ["j1"]
    assert page.next_cursor == "c2"
    assert api.seen[0].query == {"status": "running", "owner": "ada", "limit": "1", "cursor": "c1"}


def test_a_closed_client_watches_nothing(api: ScriptedApi) -> None:
    client = Client(api.url)
    client.close()
    with pytest.raises(HeadwayError, match="closed"):
        next(client.watch("j1"))
    assert api.seen == []


def test_a_closed_client_says_so(api: ScriptedApi) -> None:
    client = Client(api.url)
    client.close()
    with pytest.raises(HeadwayError, match="has been closed"):
        client.status("j1")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host/?token=x", "http://ada:pw@host", "http://host/#x"]
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Client(url)
    assert "pw" not in str(caught.value)


def test_an_address_may_have_a_path_in_front() -> None:
    address = Address.parse("https://example.org/headway/")
    assert address.http("/jobs") == "https://example.org/headway/jobs"
    assert address.websocket("/ws/j1") == "wss://example.org/headway/ws/j1"


@pytest.mark.parametrize(
    ("user", "sent"),
    [("ada", "ada"), ("Jörg", "Jörg"), ("李雷", "??"), ("a\r\nX-Evil: 1", "a??X-Evil: 1"), (" ", "unknown")],
)
def test_a_user_name_is_made_fit_for_a_header(user: str, sent: str) -> None:
    assert header_text(user) == sent


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "naïve"])
def test_a_token_that_no_header_can_carry_is_refused_unquoted(token: str) -> None:
    with pytest.raises(BadInput) as caught:
        identity("ada", token)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "idle_s", "expected"),
    [
        ("2", 0, 2.0),
        ("0", 0, 0.05),
        ("9999", 0, 60.0),
        ("soon", 0, 1.0),
        ("nan", 99, 4.0),
        (None, 0, 1.0),
        (None, 31, 4.0),
    ],
)
def test_the_cadence_is_the_header_else_the_lessons(header: str | None, idle_s: float, expected: float) -> None:
    assert poll_after_s(seconds_of(header), idle_s, lambda: 0.5) == expected


def test_backoff_doubles_up_to_its_longest_and_is_spread_over_its_upper_half() -> None:
    low = [backoff_s(n, lambda: 0.0, first_s=1, longest_s=10) for n in (1, 2, 3, 9, 9999)]
    high = [backoff_s(n, lambda: 1.0, first_s=1, longest_s=10) for n in (1, 2, 3, 9, 9999)]
    assert low == [0.5, 1.0, 2.0, 5.0, 5.0]
    assert high == [1.0, 2.0, 4.0, 10.0, 10.0]
