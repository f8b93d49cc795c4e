"""A task's form in a cell: its fields, what is said at them, and the job below."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import Button, Checkbox, Dropdown, IntProgress, Text, Textarea, VBox
from nbclient import NotebookClient

from headway.client import Client
from headway.errors import BadInput
from headway.fields import fields
from headway.notebook import TaskForm, form
from headway.tasks import TaskInfo
from tests.headway.notebook_bars import bars_client, text, widgets
from tests.headway.scripted_api import ScriptedApi, problem, shot
from tests.wait import wait_for

SCHEMA = {
    "properties": {
        "path": {"type": "string", "description": "Where the <table> is."},
        "rows": {"type": "integer", "minimum": 1, "maximum": 500, "default": 20},
        "columns": {"type": "array", "items": {"type": "integer"}, "default": []},
        "mode": {"enum": ["quick", "thorough"], "default": "quick"},
        "strict": {"type": "boolean", "default": False},
    },
    "required": ["path"],
}
TASK = TaskInfo(name="count", description="Count rows.", params_schema=SCHEMA, fields=fields(SCHEMA))


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with bars_client(api.url) as client:
        yield client


def entry(label: str) -> Any:
    """The widget of the field with this label."""
    return next(
        each for kind in (Text, Textarea, Checkbox, Dropdown) for each in widgets(kind) if each.description == label
    )


def press_submit() -> None:
    next(button for button in widgets(Button) if button.description == "Submit").click()


def submitted(api: ScriptedApi) -> list[bytes]:
    return [seen.body for seen in api.seen if seen.path == "/jobs"]


def test_a_submit_sends_what_was_changed_and_shows_the_bar_below(api: ScriptedApi, client: Client) -> None:
    shown = TaskForm(TASK, client)
    entry("Path *").value = "flights.csv"
    entry("Columns").value = "3\n\n4"
    entry("Mode").value = "thorough"
    entry("Strict").value = True
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))
    api.put(shot(2, percent=40, total=5))
    press_submit()
    wait_for(lambda: [bar.value for bar in widgets(IntProgress)] == [40], 20, "the bar shows 40 %")
    assert b'"params":{"path":"flights.csv","columns":[3,4],"mode":"thorough","strict":true}' in submitted(api)[0]
    api.put(shot(3, "finished", result=7))
    assert shown.handle is not None
    assert shown.handle.result(20) == 7


def test_an_entry_that_does_not_fit_is_said_at_its_field_and_nothing_is_submitted(
    api: ScriptedApi, client: Client
) -> None:
    TaskForm(TASK, client)
    entry("Rows").value = "501"
    entry("Columns").value = "3\nfour"
    press_submit()
    assert submitted(api) == []
    assert re.findall(r"<div style='color: #b3261e'>(.*?)</div>", text()) == [
        "is required",
        "must be at most 500",
        "entry 2 must be a number",
    ]
    at_rows = next(box for box in widgets(VBox) if entry("Rows") in box.children)
    assert "must be at most 500" in at_rows.children[-1].value


def test_what_the_api_refuses_is_said_at_the_field_until_it_is_mended(api: ScriptedApi, client: Client) -> None:
    TaskForm(TASK, client)
    entry("Path *").value = "none.csv"
    refused = [{"field": "path", "detail": "there is no <none.csv>"}]
    api.answer("POST", "/jobs", 422, problem("bad-params", "not valid", errors=refused))
    api.answer("POST", "/jobs", 503, problem("unavailable", "the queue is away"))
    press_submit()
    assert "there is no &lt;none.csv&gt;" in text()
    press_submit()
    assert "none.csv" not in text()
    assert "the queue is away" in text()


def test_an_emptied_number_says_what_the_task_takes_then(api: ScriptedApi, client: Client) -> None:
    TaskForm(TASK, client)
    assert entry("Rows").value == "20"
    assert entry("Rows").placeholder == "20 where this is left empty"


def test_a_script_is_told_to_submit_without_a_form(client: Client) -> None:
    with pytest.raises(BadInput, match="a form needs a notebook: here, use submit"):
        form("count", client=client)


# A crowded machine takes long to start a kernel.
@pytest.mark.timeout(180)
def test_in_a_kernel_the_form_leaves_the_last_job_as_text(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_API_URL", api.url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    schema = {"properties": {"rows": {"type": "integer", "default": 20}}}
    task = TaskInfo(name="count", params_schema=schema, fields=fields(schema))
    api.answer("GET", "/tasks/count", 200, task.model_dump(mode="json"))
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))
    api.put(shot(2, "finished", task="count", result=7))
    cells = [
        "from headway.notebook import form\nshown = form('count')",
        "shown.submit()\nprint(shown.handle.result(60))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    shown, printed = NotebookClient(notebook, timeout=90, startup_timeout=180, kernel_name="python3").execute().cells
    assert printed.outputs[-1].text == "7\n"
    assert shown.outputs[0].data["text/plain"].startswith("count j1: finished 100 %")
