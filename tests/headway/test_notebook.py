"""The notebook's bar: its widgets in this process, and what a real kernel leaves behind."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import HTML, Button, HBox, IntProgress, Widget
from ipywidgets.widgets.widget import _instances
from nbclient import NotebookClient

from headway.client import Client
from headway.errors import JobNotFound
from headway.notebook import watch
from headway.notebook_text import live_html, plain, static_html
from headway.snapshot import JobError, Snapshot
from headway.status import Status
from tests.headway.scripted_api import ScriptedApi, problem
from tests.wait import wait_for

WIDGET = "application/vnd.jupyter.widget-view+json"
#: A cell that presses as the reader of a notebook does, once the button is there.
PRESS = """
import time
from ipywidgets import Button
from ipywidgets.widgets.widget import _instances

def press(label):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for widget in list(_instances.values()):
            if isinstance(widget, Button) and widget.description == label:
                return widget.click()
        time.sleep(0.01)
    raise AssertionError(label)

press("Cancel")
press("Really cancel?")
"""


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with ScriptedApi() as server:
        yield server


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with Client(api.url) as client:
        yield client
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("headway-watch")]
    assert not _instances, "a widget was left behind"


def shot(seq: int, status: str = "running", **members: Any) -> Snapshot:
    return Snapshot(job_id="j1", seq=seq, status=Status(status), **members)


def widgets(kind: type[Widget]) -> list[Any]:
    return [widget for widget in list(_instances.values()) if isinstance(widget, kind)]


def text() -> str:
    """Whatever the bar says beside itself now."""
    return " ".join(widget.value for widget in widgets(HTML))


def run(api: ScriptedApi, folder: Path, monkeypatch: pytest.MonkeyPatch, *cells: str) -> nbformat.NotebookNode:
    """Execute cells in a real kernel whose settings name the scripted API."""
    monkeypatch.setenv("HEADWAY_API_URL", api.url)
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(notebook, timeout=30, kernel_name="python3").execute()


def test_the_bar_moves_while_the_cell_has_ended(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, fraction=0.2, n=1, total=5, unit="steps", rate=1.0, message="step 1/5"))
    live = watch("j1", client=client)
    wait_for(lambda: widgets(IntProgress)[0].value == 20, 10, "the bar shows 20 %")
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.put(shot(2, percent=40, fraction=0.4, n=2, total=5, unit="steps", rate=1.0, eta_s=3, message="step 2/5"))
    wait_for(lambda: widgets(IntProgress)[0].value == 40, 10, "the bar shows 40 %")
    said = "<b>running</b> 40 % · step 2/5 · 2 of 5 steps · 1 steps/s · about 3 s left"
    wait_for(lambda: said in text(), 10, "the text says the same")
    live.close()


def test_a_snapshot_is_on_show_before_the_api_answers(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/status/j1", 503, {"detail": "away"})
    live = watch(shot(1, "queued", message="queued"), client=client)
    assert "<b>queued</b> 0 % · queued" in text()
    live.close()


def test_an_unknown_total_is_shown_as_a_bar_that_measures_nothing(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, n=7, unit="rows"))
    live = watch("j1", client=client)
    wait_for(lambda: "<b>running</b> · 7 rows" in text(), 10, "the count is shown without a percent")
    assert "<progress" in widgets(HBox)[0].children[0].value
    live.close()


def test_what_a_job_says_is_shown_as_text_and_never_as_html(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, message="<img src=x onerror=alert(1)>", unit="<b>", n=1))
    live = watch("j1", client=client)
    wait_for(lambda: "&lt;img src=x" in text(), 10, "the message is shown")
    assert "<img" not in text()
    assert "1 &lt;b&gt;" in text()
    live.close()


def test_an_api_that_is_away_is_noted_quietly_and_the_bar_goes_on(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, message="step 1/5"))
    live = watch("j1", client=client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.stop()
    wait_for(
        lambda: re.search("step 1/5.*no answer from the API for . s, still trying", text()), 15, "the note is there"
    )
    api.put(shot(2, "finished"))
    api.start()
    last = live.wait(15)
    assert last is not None
    assert last.status is Status.FINISHED


def test_waiting_for_a_job_that_nobody_knows_raises(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(JobNotFound):
        watch("j1", client=client).wait(15)


def test_waiting_returns_after_its_timeout_with_the_last_snapshot(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "queued"))
    live = watch(shot(1, "queued"), client=client)
    last = live.wait(0.01)
    assert last is not None
    assert last.seq == 1
    live.close()


def test_a_finished_job_leaves_static_text_with_its_result_and_time(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "2025-10-28T10:21:34.000Z"
    api.put(shot(6, "finished", task="long_task", message="complete", updated_at=at, result={"msg": "<done>"}))
    cells = [
        "from headway.notebook import watch\nlive = watch('j1')\nlive",
        "import threading\nlast = live.wait()\nnames = [thread.name for thread in threading.enumerate()]",
        "print(last.status, [name for name in names if 'headway' in name])",
    ]
    shown, _, printed = run(api, tmp_path, monkeypatch, *cells).cells
    (output,) = shown.outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert output.data["text/plain"] == f'long_task j1: finished 100 % · complete · {{"msg": "<done>"}} · as of {at}'
    assert "&lt;done&gt;" in output.data["text/html"]
    assert f"as of {at}" in output.data["text/html"]
    assert printed.outputs[0].text == "finished []\n"


def test_a_failed_job_leaves_its_error_in_red(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = JobError(type="ValueError", detail="no <script>")
    api.put(shot(6, "failed", percent=40, error=why))
    notebook = run(api, tmp_path, monkeypatch, "from headway.notebook import watch\n_ = watch('j1').wait()")
    (output,) = notebook.cells[0].outputs
    assert "color: #b3261e; white-space: pre-wrap'>ValueError: no &lt;script&gt;</div>" in output.data["text/html"]
    assert "width: 40%" in output.data["text/html"]
    assert WIDGET not in output.data


def test_a_table_is_shown_as_its_first_rows(api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"<{n}>", None] for n in range(12)]
    table = {"type": "table", "columns": ["name", "<b>"], "rows": rows, "total_rows": 1_200}
    api.put(shot(6, "finished", result=table))
    notebook = run(api, tmp_path, monkeypatch, "from headway.notebook import watch\n_ = watch('j1').wait()")
    shown = notebook.cells[0].outputs[0].data["text/html"]
    assert "<th>name</th><th>&lt;b&gt;</th>" in shown
    assert "<td>&lt;9&gt;</td><td></td></tr></tbody></table></div><small>10 of 1,200 rows</small>" in shown


def buttons() -> dict[str, Button]:
    """The buttons on show that can be pressed, by what they say."""
    (box,) = widgets(HBox)
    shown = [child for child in box.children if isinstance(child, Button)]
    return {button.description: button for button in shown if not button.disabled}


def test_a_press_shows_at_once_what_is_asked_for_and_the_bar_goes_on(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, total=5, can=["pause", "cancel"]))
    live = watch("j1", client=client)
    wait_for(lambda: set(buttons()) == {"Pause", "Cancel"}, 10, "the buttons are there")
    asked = shot(2, percent=20, total=5, can=["pause", "cancel"], control={"requested": "pause", "by": "ada"})
    api.answer("POST", "/jobs/j1/pause", 200, asked.model_dump(mode="json"))
    buttons()["Pause"].click()
    assert "pause asked for" in text()
    assert set(buttons()) == {"Cancel"}
    api.put(shot(3, "paused", percent=20, total=5, can=["resume", "cancel"]))
    wait_for(lambda: set(buttons()) == {"Resume", "Cancel"}, 10, "it is paused")
    assert "<b>paused</b> 20 %" in text()
    live.close()


def test_a_cancel_takes_two_presses(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, can=["pause", "cancel"]))
    live = watch("j1", client=client)
    wait_for(lambda: "Cancel" in buttons(), 10, "the buttons are there")
    last = shot(2, "canceled", percent=20, can=["retry"])
    api.answer("POST", "/jobs/j1/cancel", 200, last.model_dump(mode="json"))
    buttons()["Cancel"].click()
    assert not [seen for seen in api.seen if seen.method == "POST"]
    buttons()["Really cancel?"].click()
    assert "<b>canceled</b> 20 %" in text()
    api.put(last)
    ended = live.wait(10)
    assert ended is not None
    assert ended.status is Status.CANCELED


def test_a_refused_press_says_why_until_the_next(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, can=["pause", "cancel"]))
    live = watch("j1", client=client)
    wait_for(lambda: "Pause" in buttons(), 10, "the buttons are there")
    api.answer("POST", "/jobs/j1/pause", 409, problem("conflict", "job <j1> is over"))
    buttons()["Pause"].click()
    assert "job &lt;j1&gt; is over" in text()
    api.put(shot(2, message="further", can=["pause", "cancel"]))
    wait_for(lambda: "further" in text(), 10, "the bar goes on")
    assert "job &lt;j1&gt; is over" in text()
    buttons()["Cancel"].click()
    live.close()


def test_a_job_that_takes_no_requests_has_no_buttons(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20))
    live = watch("j1", client=client)
    wait_for(lambda: "<b>running</b>" in text(), 10, "the job is seen")
    assert buttons() == {}
    live.close()


def test_buttons_work_between_cells_and_a_canceled_job_says_so_in_what_is_left(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(shot(1, percent=20, task="long_task", can=["pause", "cancel"]))
    last = shot(2, "canceled", percent=20, task="long_task", can=["retry"])
    api.answer("POST", "/jobs/j1/cancel", 200, last.model_dump(mode="json"))

    def give_way() -> None:
        wait_for(lambda: any(seen.path == "/jobs/j1/cancel" for seen in api.seen), 25, "the cancel is asked for")
        api.put(last)

    worker = threading.Thread(target=give_way)
    worker.start()
    cells = [
        "from headway.notebook import watch\nlive = watch('j1')",
        PRESS,
        "print(live.wait(20).status)",
    ]
    shown, _, printed = run(api, tmp_path, monkeypatch, *cells).cells
    worker.join()
    assert printed.outputs[0].text == "canceled\n"
    (output,) = [output for output in shown.outputs if "text/html" in output.get("data", {})]
    assert WIDGET not in output.data
    assert "<b>canceled</b> 20 %" in output.data["text/html"]
    assert "This job was canceled. It kept the progress it had reached." in output.data["text/html"]
    assert "This job was canceled." in output.data["text/plain"]


def test_what_is_left_of_a_paused_job_says_since_when() -> None:
    at = "2025-10-28T10:21:34.000Z"
    said = f"This job was paused since {at}, and not over yet."
    paused = shot(3, "paused", percent=20, total=5, can=["resume", "cancel"], updated_at=at)
    assert said in static_html("j1", paused, "", "grey")
    assert said in plain("j1", paused, "")


def test_a_failed_job_is_said_to_have_failed_with_what() -> None:
    failed = shot(
        6, "failed", percent=40, task="count", message="error", error=JobError(type="ValueError", detail="no")
    )
    assert "<b>failed</b> 40 % · count failed: ValueError<div" in live_html(failed)
    assert plain("j1", failed, "").startswith("count j1: failed 40 % · count failed: ValueError · ")
