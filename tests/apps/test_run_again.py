"""Running a job again with changes: the form begins with what that job was given."""

import json
from typing import Any

from run_again import Earlier

from headway.fields import FormField
from headway.tasks import TaskInfo
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi


def serve(api: ScriptedApi, **spec: Any) -> None:
    """One task with a number and a choice, and one job of it that is over."""
    form = [
        FormField(name="rows", kind="integer", required=False, default=20),
        FormField(name="deep", kind="boolean", required=False, nullable=True),
        FormField(name="name", kind="string", required=False, default="own"),
    ]
    over = {"job_id": "j1", "status": "failed", "task": "count", "can": ["retry"], "seq": 3}
    api.answer("GET", "/tasks", 200, [TaskInfo(name="count", fields=form, workers=1).model_dump(mode="json")])
    api.frame("j1", json.dumps(over).encode(), seq=3)
    api.answer("GET", "/jobs/j1", 200, {"snapshot": over, **spec})


def test_the_form_begins_with_what_the_job_was_given(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, spec=None)
    scripted_api.answer("POST", "/jobs", 201, {"job_id": "j2", "status": "queued"})
    app = open_page(scripted_api.url, "job")
    app.session_state["run_again"] = Earlier("j1", "count", {"rows": 7, "deep": False})
    app.switch_page("app_pages/run.py").run()
    assert [field.value for field in app.text_input] == ["7", "own"]
    assert "Begins with what job `j1` was given." in [caption.value for caption in app.caption]
    app.text_input[0].set_value("8")
    app.button(key="run:0").click().run()
    sent = [json.loads(seen.body) for seen in scripted_api.seen if seen.method == "POST"]
    assert sent[-1]["params"] == {"rows": 8, "deep": False}


def test_a_job_whose_parameters_are_forgotten_says_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, spec=None)
    app = open_page(scripted_api.url, "job", job="j1")
    app.button(key="job:again").click().run()
    assert app.error[-1].value == "What this job was given is no longer known."


def test_a_job_that_is_not_over_offers_no_further_run(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.frame("j1", b'{"job_id": "j1", "status": "running", "can": ["cancel"], "seq": 1}', seq=1)
    app = open_page(scripted_api.url, "job", job="j1")
    assert "job:again" not in [button.key for button in app.button]
