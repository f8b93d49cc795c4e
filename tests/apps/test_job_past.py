"""What the Job page says of what happened: the curve, its pauses, and when nothing more is asked."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from job_past import changes
from live_past import figure, pauses, story
from streamlit.testing.v1 import AppTest

from headway.analytics import Event
from headway.status import Status
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi, problem, shot

UTC = ZoneInfo("UTC")
NOW = "2026-01-01T12:01:00.000Z"


def event(seq: int, status: str = "running", percent: int = 0, attempt: int = 1) -> Event:
    at = f"2026-01-01T12:00:{seq:02}.000Z"
    return Event(job_id="j1", attempt=attempt, seq=seq, status=Status(status), percent=percent, at=at)


def happened(api: ScriptedApi, *events: Event, after: str | None = None) -> None:
    """Answer the next request for what happened to j1."""
    found = [one.model_dump(mode="json") for one in events]
    api.answer("GET", "/jobs/j1/history", 200, {"events": found, "next": after})


def asked(api: ScriptedApi) -> list[str | None]:
    """The cursors that were asked with."""
    return [seen.query.get("after") for seen in api.seen if seen.path == "/jobs/j1/history"]


def curve(app: AppTest) -> list[int | None]:
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)["data"][0]["y"]


PAUSED = [event(1, "queued"), event(2), event(4, "paused", 30), event(9, percent=30), event(12, "finished", 100)]


def test_a_job_that_ended_has_its_curve_and_is_asked_for_no_more(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    scripted_api.put(shot(12, "finished", percent=100))
    happened(scripted_api, *PAUSED)
    app = open_page(scripted_api.url, "job", job="j1")
    assert curve(app.run()) == [None, 0, 30, 30, 100]
    assert asked(scripted_api) == [None]
    assert app.session_state["job_past"].poll_after_s is None


def test_the_events_that_follow_are_read_page_by_page(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(4, percent=30))
    happened(scripted_api, event(1, "queued"), event(2, percent=10), after="1-0")
    happened(scripted_api, event(4, percent=30))
    happened(scripted_api, event(4, percent=30), event(5, percent=50))
    app = open_page(scripted_api.url, "job", job="j1")
    assert curve(app.run()) == [None, 10, 30]
    # Nothing was written since, so nothing is asked.
    app.run()
    scripted_api.put(shot(5, percent=50))
    assert curve(app.run()) == [None, 10, 30, 50]
    assert asked(scripted_api) == [None, "1-0", "1-0"]


def test_a_past_that_cannot_be_read_is_said_quietly(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    scripted_api.answer("GET", "/jobs/j1/history", 503, problem("history-unavailable", "there is no history yet"))
    app = open_page(scripted_api.url, "job", job="j1")
    assert any(said.value.startswith("It cannot be read now.") for said in app.caption)


def test_waiting_for_a_recorder_that_is_not_there_has_an_end(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(12, "finished", percent=100))
    happened(scripted_api, event(2))
    app = open_page(scripted_api.url, "job", job="j1")
    for _ in range(5):
        app.run()
    assert app.session_state["job_past"].poll_after_s is None


def test_pauses_are_shaded_and_one_that_goes_on_until_now() -> None:
    assert pauses(PAUSED, NOW) == [(PAUSED[2].at, PAUSED[3].at)]
    assert pauses(PAUSED[:3], NOW) == [(PAUSED[2].at, NOW)]
    (shade,) = figure(PAUSED, UTC, NOW)["layout"]["shapes"]
    assert (shade["x0"], shade["x1"]) == ("2026-01-01T12:00:04", "2026-01-01T12:00:09")


def test_the_story_names_each_change_of_state_and_a_resume_as_one() -> None:
    again = [*PAUSED[:3], event(9, "failed", 30), event(10, "queued", attempt=2), event(11, attempt=2)]
    words: Any = [row["What"] for row in story(PAUSED, UTC)]
    assert words == ["Waits in its queue", "Runs", "Paused", "Resumed", "Finished"]
    assert [row["Attempt"] for row in story(again, UTC)] == [1, 1, 1, 1, 2, 2]
    assert len(changes([event(1), event(2), event(3)])) == 1
