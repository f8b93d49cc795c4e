"""The Jobs page: which jobs it asks for, what it shows of them, and what it asks of several."""

import json
from datetime import UTC, datetime
from typing import Any

from jobs_table import row
from streamlit.testing.v1 import AppTest

from headway.snapshot import Snapshot
from headway.status import Status
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi

NOW = datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)


def job(job_id: str, status: str = "running", **members: Any) -> dict[str, Any]:
    return {"job_id": job_id, "status": status, "task": "count", "percent": 40, **members}


def serve(api: ScriptedApi, *jobs: dict[str, Any], older: str | None = None) -> None:
    api.answer("GET", "/tasks", 200, [])
    api.answer("GET", "/jobs", 200, {"jobs": jobs, "next": older})
    for job in jobs:
        api.frame(job["job_id"], json.dumps(job).encode(), seq=job.get("seq", 1))


def listings(api: ScriptedApi) -> list[dict[str, str]]:
    return [seen.query for seen in api.seen if seen.path == "/jobs"]


def select(app: AppTest, *rows: int) -> AppTest:
    """As a press at the left edge of these rows."""
    view = app.session_state["jobs_view"]
    app.session_state[f"jobs-table:{view.turn}"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_jobs_are_one_table_in_the_order_of_the_list(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("b", percent=7, owner="ada"), job("a", "finished", percent=100))
    table = open_page(scripted_api.url, "jobs").dataframe[0].value
    assert table["Job"].tolist() == ["b", "a"]
    assert table["Progress"].tolist() == [7, 100]
    assert table["Owner"].isna().tolist() == [False, True]


def test_a_row_says_its_state_with_a_sign_and_a_word() -> None:
    words = [row(Snapshot(job_id="a", status=status), NOW)["Status"] for status in Status]
    assert len({word[0] for word in words}) == len(Status)
    assert [word[3:].lower() for word in words] == [status.value for status in Status]


def test_a_job_with_an_unknown_total_shows_no_progress_and_one_under_way_its_time_left() -> None:
    unknown = row(Snapshot(job_id="a", status=Status.RUNNING, n=3, created_at="2026-01-01T12:00:00.000Z"), NOW)
    assert (unknown["Progress"], unknown["Submitted"]) == (None, "10 s ago")
    known = row(Snapshot(job_id="a", status=Status.RUNNING, percent=40, eta_s=30, eta_range_s=(20, 60)), NOW)
    assert known["Time left"] == "20 s – 1 min"


def test_filters_are_asked_for(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("a"))
    app = open_page(scripted_api.url, "jobs")
    app.text_input(key="owner").set_value(" ada ").run()
    app.button_group(key="status").set_value(["failed"]).run()
    app.text_input(key="search").set_value(" chunk 3 ").run()
    asked = listings(scripted_api)[-1]
    assert (asked["status"], asked["owner"], asked["search"]) == ("failed", "ada", "chunk 3")
    assert "queue" not in asked


def test_without_any_job_the_way_to_the_run_page_is_shown(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api)
    app = open_page(scripted_api.url, "jobs")
    assert "There are no jobs yet." in [text.value for text in app.markdown]


def test_filters_that_let_nothing_through_can_be_cleared(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api)
    app = open_page(scripted_api.url, "jobs")
    app.text_input(key="owner").set_value("nobody").run()
    assert "No job matches these filters." in [text.value for text in app.markdown]
    app.button(key="jobs:clear").click().run()
    assert "owner" not in listings(scripted_api)[-1]


def test_older_jobs_are_asked_for_page_by_page(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("b"), older="c1")
    app = open_page(scripted_api.url, "jobs")
    app.button(key="jobs:older").click().run()
    assert listings(scripted_api)[-1]["cursor"] == "c1"
    app.button(key="jobs:newer").click().run()
    assert "cursor" not in listings(scripted_api)[-1]
    assert app.button(key="jobs:newer").disabled


def test_only_what_the_selected_jobs_take_is_offered_and_asked_after_a_yes(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    serve(scripted_api, job("a", can=["pause", "cancel"]), job("b", can=["cancel"]), job("c", can=["cancel"]))
    done = {"job_id": "a", "snapshot": job("a", "canceled", seq=9), "problem": None}
    scripted_api.answer(
        "POST", "/jobs/bulk", 200, {"results": [done, {"job_id": "b", "snapshot": None, "problem": "it is over"}]}
    )
    app = select(open_page(scripted_api.url, "jobs"), 0, 1)
    offered = [button.label for button in app.button if "bulk:" in str(button.key) and not button.disabled]
    assert offered == ["Pause 1 of 2", "Cancel"]
    app.button(key="bulk:cancel").click().run()
    assert not [seen for seen in scripted_api.seen if seen.path == "/jobs/bulk"]
    app.button(key="bulk:yes").click().run()
    asked = [json.loads(seen.body) for seen in scripted_api.seen if seen.path == "/jobs/bulk"]
    assert asked == [{"action": "cancel", "ids": ["a", "b"]}]
    assert "Cancel asked of 1 job." in [caption.value for caption in app.caption]
    assert "`b`: it is over" in app.error[0].value
    assert app.dataframe[0].value["Status"][0].endswith("Canceled")


def test_nothing_is_asked_after_a_no(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("a", can=["cancel"]))
    app = select(open_page(scripted_api.url, "jobs"), 0)
    app.button(key="bulk:cancel").click().run()
    app.button(key="bulk:no").click().run()
    assert not [seen for seen in scripted_api.seen if seen.path == "/jobs/bulk"]


def test_rows_stay_where_they_were_while_newer_jobs_come(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("a"), job("b"))
    app = open_page(scripted_api.url, "jobs")
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [job("c"), job("a", "finished", seq=5), job("b")], "next": None})
    # The first answer again to whoever asks once more, then the one with a newer job.
    app.session_state["jobs_view"]._listed_at = 0.0
    app.run()
    app.session_state["jobs_view"]._listed_at = 0.0
    app.run()
    table = app.dataframe[0].value
    assert table["Job"].tolist() == ["a", "b"]
    assert table["Status"][0].endswith("Finished")
    app.button(key="jobs:newest").click().run()
    assert app.dataframe[0].value["Job"].tolist() == ["c", "a", "b"]


def test_between_lists_the_jobs_of_the_page_are_looked_at_in_one_request(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    scripted_api.answer("GET", "/tasks", 200, [])
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [job("a"), job("b")], "next": None})
    app = open_page(scripted_api.url, "jobs")
    scripted_api.frame("a", json.dumps(job("a", percent=60, seq=2)).encode(), seq=2)
    before = len(scripted_api.seen)
    table = app.run().dataframe[0].value
    assert [seen.path for seen in scripted_api.seen[before:]] == ["/status"]
    assert scripted_api.seen[-1].query == {"ids": "a,b"}
    assert table["Progress"][0] == 60
    assert table["Status"][1].endswith("Deleted")


def test_what_was_known_stays_while_the_api_is_away(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, job("a"))
    app = open_page(scripted_api.url, "jobs")
    scripted_api.stop()
    app.run()
    scripted_api.start()
    assert app.dataframe[0].value["Job"].tolist() == ["a"]
    assert "what is shown is from then" in app.info[0].value


def test_a_refusal_is_said_to_be_one(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.answer("GET", "/tasks", 200, [])
    scripted_api.answer("GET", "/jobs", 403, {"type": "urn:headway:forbidden", "detail": "you may not list jobs"})
    app = open_page(scripted_api.url, "jobs")
    assert app.warning[0].value.startswith("You may not see this.")
