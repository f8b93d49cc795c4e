"""The notebook's bar: its widgets in this process, and what a real kernel leaves behind."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import HTML, HBox, IntProgress, Widget
from ipywidgets.widgets.widget import _instances
from nbclient import NotebookClient

from headway.client import Client
from headway.errors import JobNotFound
from headway.notebook import watch
from headway.snapshot import JobError, Snapshot
from headway.status import Status
from tests.headway.scripted_api import ScriptedApi
from tests.wait import wait_for

WIDGET = "application/vnd.jupyter.widget-view+json"


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
