"""The Overview and Workers pages: what is going on, what needs a look, and what is said while nothing is known."""

import json
from datetime import UTC, datetime
from typing import Any

from streamlit.testing.v1 import AppTest
from worker_facts import row

from headway.overview import Overview, QueueLoad
from headway.snapshot import JobError, Snapshot
from headway.status import Status
from headway.workers import WorkerInfo
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi

AT = "2026-01-01T12:00:00.000Z"
NOW = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
ALIVE = WorkerInfo(name="w-1", host="laptop", queues=["default"], age_s=0.4, started_at=AT, job_id="a")
RUNNING = Snapshot(job_id="a", status=Status.RUNNING, task="count", percent=40, queue="default")


def answer(api: ScriptedApi, pace: str = "1", **members: Any) -> None:
    known = {"active": 0, "waiting": 0, "paused": 0, "stalled": 0, **members}
    api.answer("GET", "/overview", 200, Overview(**known).model_dump(mode="json"), {"Headway-Poll-After": pace})


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def lists(app: AppTest) -> dict[str, list[str]]:
    """The job ids of each list on the page, by its name."""
    drawn = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return {data["label"]: [job["job_id"] for job in data["jobs"]] for data in drawn}


def asked(api: ScriptedApi) -> list[str]:
    return [seen.path for seen in api.seen]


def test_everything_on_the_overview_is_one_request(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    load = QueueLoad(queue="default", waiting=3, active=1, workers=1)
    answer(scripted_api, active=1, waiting=3, jobs=[RUNNING], queues=[load], workers=[ALIVE])
    scripted_api.answer("GET", "/tasks", 200, [])
    app = open_page(scripted_api.url, "overview")
    before = len(scripted_api.seen)
    app.run()
    assert asked(scripted_api)[before:] == ["/overview"]
    assert figures(app) == {"Running": "1", "Waiting": "3", "Paused": "0", "Stalled": "0", "Workers": "1"}
    assert lists(app) == {"Jobs under way": ["a"]}
    assert app.dataframe[0].value.to_dict("records") == [
        {"Queue": "default", "Waiting": 3, "Under way": 1, "Workers": 1}
    ]
    assert not app.warning


def test_what_is_stalled_or_lost_stands_apart(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    stalled = RUNNING.model_copy(update={"job_id": "s", "stalled_since": AT})
    lost = Snapshot(job_id="l", status=Status.FAILED, error=JobError(type="WorkerLost", detail="silent"))
    answer(scripted_api, active=2, stalled=1, jobs=[stalled, RUNNING], lost=[lost], workers=[ALIVE])
    app = open_page(scripted_api.url, "overview")
    assert lists(app) == {"Stalled jobs": ["s"], "Lost jobs": ["l"], "Jobs under way": ["a"]}


def test_what_came_of_jobs_today_is_asked_for_now_and_then(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api, workers=[ALIVE])
    hours = [{"start": AT, "submitted": 9, "finished": 3}, {"start": AT, "submitted": 1, "failed": 1}]
    period = {"since": AT, "until": AT, "bucket": "hour"}
    scripted_api.answer("GET", "/analytics/throughput", 200, {**period, "buckets": hours})
    found = figures(open_page(scripted_api.url, "overview").run())
    assert (found["Came in today"], found["Finished today"], found["Failed today"]) == ("10", "3", "1")
    assert found["Failure rate today"] == "25.0%"
    assert asked(scripted_api).count("/analytics/throughput") == 1


def test_jobs_that_nobody_will_run_are_warned_of(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api, waiting=2, queues=[QueueLoad(queue="gpu", waiting=2)], workers=[ALIVE])
    assert open_page(scripted_api.url, "overview").warning[0].value == "Jobs wait where no worker listens: `gpu`."
    answer(scripted_api, waiting=2, queues=[QueueLoad(queue="gpu", waiting=2)])
    app = open_page(scripted_api.url, "overview").run()
    assert app.warning[0].value == "Jobs wait, and no worker is there."


def test_a_worker_that_fell_silent_is_named(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api, workers=[ALIVE.model_copy(update={"age_s": 30.0})])
    app = open_page(scripted_api.url, "overview")
    assert app.warning[0].value == "Not heard of any more: `w-1`."
    assert figures(app)["Workers"] == "0"


def test_the_overview_keeps_what_it_knew_while_the_api_is_away(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api, active=1, jobs=[RUNNING], workers=[ALIVE])
    app = open_page(scripted_api.url, "overview")
    scripted_api.stop()
    app.run()
    scripted_api.start()
    assert "what is shown is from then" in app.info[0].value
    assert figures(app)["Running"] == "1"
    assert not app.run().info


def test_an_overview_that_never_had_an_answer_says_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.answer("GET", "/overview", 503, {"detail": "Redis does not answer"})
    app = open_page(scripted_api.url, "overview")
    assert app.info[0].value.startswith("The API gives no answer now")
    assert not app.metric


def test_who_may_not_see_it_is_told(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.answer("GET", "/overview", 403, {"type": "urn:headway:forbidden", "detail": "you may not observe"})
    for page in ("overview", "workers"):
        assert open_page(scripted_api.url, page).warning[0].value.startswith("You may not see this.")


def test_workers_are_a_table_with_what_each_of_them_runs(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api, workers=[ALIVE])
    app = open_page(scripted_api.url, "workers")
    assert figures(app) == {"There": "1", "At work": "1", "Silent": "0"}
    table = app.dataframe[0].value
    assert table["Worker"].tolist() == ["w-1"]
    assert table["Runs now"][0].endswith("job?job=a")


def test_without_a_worker_the_page_says_how_to_start_one(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    answer(scripted_api)
    assert open_page(scripted_api.url, "workers").code[0].value == "headway worker --tasks your.module"


def test_a_lease_says_with_a_sign_and_words_whether_it_is_held() -> None:
    assert row(ALIVE, NOW)["Lease"].split("\N{NO-BREAK SPACE}") == ["✓", " heard 0.4 s ago"]
    silent = ALIVE.model_copy(update={"age_s": 30.0})
    assert row(silent, NOW)["Lease"].split("\N{NO-BREAK SPACE}") == ["✗", " silent for 30 s"]
    assert row(ALIVE, NOW)["Up since"] == "5 min ago"
