"""The buttons below a job's card: there for what can be asked, pressed once, and honest about what came of it."""

import json
from typing import Any

import httpx2
import job_view
import pytest
from job_view import JobView
from plain_text import plain
from streamlit.testing.v1 import AppTest

from headway import Client
from headway.snapshot import Snapshot
from headway.status import Status
from tests.apps.conftest import OpenPage
from tests.fixtures import http
from tests.headway.scripted_api import ScriptedApi, problem
from tests.servers import ApiServer

__all__ = ["http"]

AT = "2026-01-01T12:00:00.000Z"


@pytest.fixture(autouse=True)
def no_double_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test presses faster than anybody."""
    monkeypatch.setattr(job_view, "DOUBLE_CLICK_S", 0.0)


@pytest.fixture
def waiting(http: httpx2.Client) -> str:
    """A job that waits for a worker."""
    job_id: str = http.post("/jobs", json={"task": "long_task", "params": {"n_steps": 1}}).json()["job_id"]
    return job_id


def shot(seq: int, status: str = "running", **members: Any) -> Snapshot:
    return Snapshot(job_id="j1", seq=seq, status=Status(status), task="count", **members)


def buttons(app: AppTest) -> dict[str, str]:
    """The labels of the job's buttons, by what they are for; those that can be pressed now."""
    keyed = {str(button.key): button for button in app.button}
    return {
        key.removeprefix("job:"): button.label
        for key, button in keyed.items()
        if key.startswith("job:") and not button.disabled
    }


def press(app: AppTest, name: str) -> AppTest:
    app.button(key=f"job:{name}").click().run()
    assert not app.exception, app.exception
    return app


def shown(app: AppTest) -> dict[str, Any]:
    """What the card was given."""
    card: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return card


def asked(api: ScriptedApi, action: str) -> int:
    """How often this was asked of the job."""
    return sum(seen.path == f"/jobs/j1/{action}" for seen in api.seen)


def test_a_waiting_job_is_held_and_released_by_its_buttons(api: ApiServer, waiting: str, open_page: OpenPage) -> None:
    app = open_page(api.url, "job", job=waiting)
    assert buttons(app) == {"pause": "Pause", "cancel": "Cancel"}
    press(app, "pause")
    assert shown(app)["status"] == "paused"
    assert buttons(app) == {"resume": "Resume", "cancel": "Cancel"}
    press(app, "resume")
    assert shown(app)["status"] == "queued"


def test_a_cancel_is_asked_back_about(api: ApiServer, waiting: str, open_page: OpenPage) -> None:
    app = press(open_page(api.url, "job", job=waiting), "cancel")
    assert shown(app)["status"] == "queued"
    press(app, "no")
    assert (shown(app)["status"], "yes" in buttons(app)) == ("queued", False)
    press(press(app, "cancel"), "yes")
    assert (shown(app)["status"], shown(app)["next_s"]) == ("canceled", None)
    assert buttons(app) == {"retry": "Retry", "again": "Run again with changes", "delete": "Delete job"}


def test_a_retry_leads_on_to_the_next_attempt_and_asks_again(
    api: ApiServer, http: httpx2.Client, waiting: str, open_page: OpenPage
) -> None:
    http.post(f"/jobs/{waiting}/cancel")
    app = open_page(api.url, "job", job=waiting)
    assert shown(app)["next_s"] is None
    press(app, "retry")
    card = shown(app)
    assert (card["status"], {"label": "Attempt", "value": "2"} in card["facts"]) == ("queued", True)
    assert card["next_s"] is not None


def test_a_deleted_job_is_gone_and_not_asked_about(
    api: ApiServer, http: httpx2.Client, waiting: str, open_page: OpenPage
) -> None:
    http.post(f"/jobs/{waiting}/cancel")
    app = press(open_page(api.url, "job", job=waiting), "delete")
    assert shown(app) == {"notices": [f"Job {waiting} was deleted."]}
    assert (buttons(app), len(app.code)) == ({}, 0)
    assert http.get(f"/status/{waiting}").status_code == 404


def test_the_card_on_the_run_page_has_the_same_buttons(api: ApiServer, waiting: str, open_page: OpenPage) -> None:
    app = press(open_page(api.url, "run", job=waiting), "pause")
    assert shown(app)["status"] == "paused"


def test_what_is_asked_is_shown_until_it_is_acknowledged_and_never_asked_again(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    scripted_api.put(shot(1, percent=20, can=["pause", "cancel"]))
    app = open_page(scripted_api.url, "job", job="j1")
    pending = shot(2, percent=20, can=["pause", "cancel"], control={"requested": "pause", "by": "ada", "at": AT})
    scripted_api.answer("POST", "/jobs/j1/pause", 200, pending.model_dump(mode="json"))
    scripted_api.put(pending)
    press(app, "pause")
    assert shown(app)["asked"] == {"words": "Pause asked for by ada", "at": AT, "acknowledged_at": ""}
    assert buttons(app) == {"cancel": "Cancel"}
    assert app.button(key="job:pause").label == "Pause asked for"
    app.run()
    scripted_api.put(shot(3, "paused", percent=20, can=["resume", "cancel"], updated_at=AT))
    assert shown(app.run())["asked"]["acknowledged_at"] == AT
    assert asked(scripted_api, "pause") == 1
    scripted_api.put(shot(4, "running", percent=20, can=["pause", "cancel"]))
    assert shown(app.run())["asked"] is None


def test_a_job_that_is_to_end_takes_no_other_request(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, can=["pause", "cancel"], control={"requested": "cancel", "by": "ada", "at": AT}))
    assert buttons(open_page(scripted_api.url, "job", job="j1")) == {}


def test_a_refusal_is_one_sentence_at_the_buttons(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, can=["pause", "cancel"]))
    app = open_page(scripted_api.url, "job", job="j1")
    scripted_api.answer("POST", "/jobs/j1/pause", 409, problem("conflict", "job 'j1' is over: it is finished"))
    scripted_api.put(shot(2, "finished", percent=100, can=["retry"]))
    press(app, "pause")
    assert [error.value for error in app.error] == [plain("job 'j1' is over: it is finished")]
    assert set(buttons(app)) == {"retry", "again", "delete"}


def test_a_job_that_takes_no_requests_has_no_buttons(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    assert buttons(open_page(scripted_api.url, "job", job="j1")) == {}


def test_the_second_half_of_a_double_click_does_nothing(
    scripted_api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_view, "DOUBLE_CLICK_S", 60.0)
    scripted_api.put(shot(1, can=["pause", "cancel"]))
    held = shot(2, "paused", can=["resume", "cancel"])
    scripted_api.answer("POST", "/jobs/j1/pause", 200, held.model_dump(mode="json"))
    view = JobView("j1")
    with Client(scripted_api.url) as client:
        view.refresh(client)
        view.act(client, "pause")
        view.act(client, "resume")
    assert (view.snapshot, asked(scripted_api, "resume")) == (held, 0)


def test_who_is_asked_back_may_answer_at_once(scripted_api: ScriptedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_view, "DOUBLE_CLICK_S", 60.0)
    scripted_api.put(shot(1, can=["pause", "cancel"]))
    scripted_api.answer("POST", "/jobs/j1/pause", 200, shot(2, "paused", can=["cancel"]).model_dump(mode="json"))
    scripted_api.answer("POST", "/jobs/j1/cancel", 200, shot(3, "canceled").model_dump(mode="json"))
    view = JobView("j1")
    with Client(scripted_api.url) as client:
        view.refresh(client)
        view.act(client, "pause")
        view.confirm("cancel")
        view.act(client, "cancel")
    assert (asked(scripted_api, "pause"), asked(scripted_api, "cancel")) == (1, 1)
