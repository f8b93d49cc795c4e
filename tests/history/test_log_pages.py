"""A job's log over HTTP: from Redis while it is fresh, and from history after that, in one shape."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from headway import keys
from headway.logs import LogBuffer
from tests.history.served import Served


def texts(page: dict[str, Any]) -> list[str]:
    return [line["line"] for line in page["lines"]]


def all_pages(served: Served, job_id: str, limit: int) -> list[dict[str, Any]]:
    pages = [served.page(job_id, limit=limit)]
    while pages[-1]["more"]:
        pages.append(served.page(job_id, limit=limit, after=pages[-1]["next"]))
    return pages


def test_lines_come_in_their_order_page_by_page(served: Served):
    job_id = served.running()
    for batch in range(3):
        served.log(job_id, [f"line {batch}.{i}" for i in range(4)])
    pages = all_pages(served, job_id, 5)
    assert [len(page["lines"]) for page in pages] == [5, 5, 2]
    assert [text for page in pages for text in texts(page)] == [f"line {b}.{i}" for b in range(3) for i in range(4)]
    assert set(pages[0]["lines"][0]) == {"at", "attempt", "line", "dropped"}


def test_the_same_pages_come_from_history_once_redis_has_forgotten_the_job(served: Served):
    job_id = served.running()
    for batch in range(3):
        served.log(job_id, [f"line {batch}.{i}" for i in range(4)])
    served.end(job_id)
    before = all_pages(served, job_id, 5)
    served.record(job_id)
    assert all_pages(served, job_id, 5) == before
    served.forget(job_id)
    assert all_pages(served, job_id, 5) == before
    assert before[-1]["over"]


def test_what_redis_keeps_no_longer_comes_from_history_and_the_rest_from_redis(served: Served):
    job_id = served.running()
    served.log(job_id, ["old", "older"])
    served.record(job_id)
    served.redis.delete(keys.lines(job_id))
    served.log(job_id, ["new"])
    assert texts(served.page(job_id)) == ["old", "older", "new"]
    first = served.page(job_id, limit=1)
    assert texts(served.page(job_id, after=first["next"])) == ["older", "new"]


def test_a_line_is_waited_for(served: Served):
    job_id = served.running()
    served.log(job_id, ["first"])
    seen = served.page(job_id)["next"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(served.page, job_id, after=seen, wait=20)
        served.log(job_id, ["second"])
        page = waiting.result(15)
    assert texts(page) == ["second"]
    assert not page["over"]


def test_whoever_waits_for_a_line_is_told_at_once_that_the_job_is_over(served: Served):
    job_id = served.running()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(served.page, job_id, wait=20)
        served.end(job_id)
        page = waiting.result(15)
    assert page == {"lines": [], "next": None, "more": False, "over": True}


def test_nobody_waits_longer_than_they_asked_to(served: Served):
    job_id = served.running()
    assert served.page(job_id, wait=0.1) == {"lines": [], "next": None, "more": False, "over": False}


@pytest.mark.parametrize("query", [{}, {"wait": 1}])
def test_an_unknown_job_has_no_log(served: Served, query: dict[str, Any]):
    for job_id in ("nobody", "1' OR '1'='1"):
        answer = served.get(f"/jobs/{job_id}/logs", **query)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:headway:job-not-found")


def test_a_deleted_job_has_no_log_not_even_while_history_still_has_its_lines(served: Served):
    job_id = served.running()
    served.log(job_id, ["secret"])
    served.end(job_id)
    served.record(job_id)
    served.desk.delete(job_id)
    assert served.get(f"/jobs/{job_id}/logs").status_code == 404
    assert not served.redis.exists(keys.lines(job_id))


@pytest.mark.parametrize(
    "query",
    [{"after": "x"}, {"after": ""}, {"after": "1-1"}, {"after": "1-1.1' OR 1=1"}, {"limit": 0}, {"wait": 31}],
)
def test_a_bad_cursor_or_limit_is_refused(served: Served, query: dict[str, Any]):
    job_id = served.running()
    answer = served.get(f"/jobs/{job_id}/logs", **query)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:headway:bad-request")


def test_two_equal_lines_at_one_time_are_both_kept(served: Served):
    job_id = served.running()
    served.log(job_id, ["same", "same"])
    served.log(job_id, ["same"])
    served.record(job_id)
    served.record(job_id)
    live = served.page(job_id)
    assert texts(live) == ["same"] * 3
    served.redis.delete(keys.lines(job_id))
    assert served.page(job_id) == live


def test_a_batch_that_redis_was_told_twice_is_there_once(served: Served):
    job_id = served.running()
    buffer = LogBuffer(job_id, 1, served.desk.store.calls)
    buffer.add("once")
    call = buffer.take()
    for _ in range(2):
        served.desk.store.run(call)
    assert texts(served.page(job_id)) == ["once"]
    assert sum(entry.job_id() == job_id for entry in served.desk.entries(keys.LOGS)) == 1


def test_lines_that_did_not_fit_are_one_line_that_counts_them(served: Served):
    job_id = served.running()
    served.log(job_id, range(2_005))
    first = served.page(job_id)["lines"][0]
    assert (first["line"], first["dropped"]) == ("headway: 5 lines did not fit here", 5)
