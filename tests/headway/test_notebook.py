"""The notebook's bar: its widgets in this process, and what a real kernel leaves behind."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import Button, HBox, IntProgress
from nbclient import NotebookClient

from headway.client import Client
from headway.errors import ApiRefused, JobNotFound, JobWasCanceled, StillRunning
from headway.notebook import Handle
from headway.notebook.text import live_html, plain, static_html
from headway.snapshot import Bar, JobError, Snapshot
from headway.status import Status
from tests.headway.notebook_bars import bars_client, show, text, widgets
from tests.headway.scripted_api import ScriptedApi, problem, shot
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
#: A cell that ends once the text beside the widget has been told of the job.
KEPT = """
import time
while live.snapshot is None or not live._kept_at > 0:
    time.sleep(0.01)
"""
#: A cell that waits for a job that fails.
FAILS = """
from headway.errors import JobFailed
from headway.notebook import watch
try:
    watch('j1').wait()
except JobFailed as error:
    print(error.type, error.detail)
"""


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with bars_client(api.url) as client:
        yield client


def run(api: ScriptedApi, folder: Path, monkeypatch: pytest.MonkeyPatch, *cells: str) -> nbformat.NotebookNode:
    """Execute cells in a real kernel whose settings name the scripted API."""
    monkeypatch.setenv("HEADWAY_API_URL", api.url)
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(notebook, timeout=120, startup_timeout=180, kernel_name="python3").execute()


def test_the_bar_moves_while_the_cell_has_ended(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, fraction=0.2, n=1, total=5, unit="steps", rate=1.0, message="step 1/5"))
    live = show(client)
    wait_for(lambda: widgets(IntProgress)[0].value == 20, 10, "the bar shows 20 %")
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.put(shot(2, percent=40, fraction=0.4, n=2, total=5, unit="steps", rate=1.0, eta_s=3, message="step 2/5"))
    wait_for(lambda: widgets(IntProgress)[0].value == 40, 10, "the bar shows 40 %")
    said = "<b>running</b> 40 % · step 2/5 · 2 of 5 steps · 1 steps/s · about 3 s left"
    wait_for(lambda: said in text(), 10, "the text says the same")
    live.close()


def test_a_snapshot_is_on_show_before_the_api_answers(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/status/j1", 503, {"detail": "away"})
    live = show(client, shot(1, "queued", message="queued"))
    assert "<b>queued</b> 0 % · queued" in text()
    live.close()


def test_an_unknown_total_is_shown_as_a_bar_that_measures_nothing(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, n=7, unit="rows"))
    live = show(client)
    wait_for(lambda: "<b>running</b> · 7 rows" in text(), 10, "the count is shown without a percent")
    assert "<progress" in widgets(HBox)[0].children[0].value
    live.close()


def test_what_a_job_says_is_shown_as_text_and_never_as_html(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, message="<img src=x onerror=alert(1)>", unit="<b>", n=1))
    live = show(client)
    wait_for(lambda: "&lt;img src=x" in text(), 10, "the message is shown")
    assert "<img" not in text()
    assert "1 &lt;b&gt;" in text()
    live.close()


def test_an_api_that_is_away_is_noted_quietly_and_the_bar_goes_on(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, message="step 1/5"))
    live = show(client)
    wait_for(lambda: "step 1/5" in text(), 20, "the bar was told of the job")
    wait_for(lambda: api.open_sockets == 1, 20, "the socket is open")
    api.stop()
    note = r"step 1/5.*no answer from the API for \d+ s, still trying"
    wait_for(lambda: re.search(note, text()), 30, "the note is there")
    api.put(shot(2, "finished"))
    api.start()
    last = live.wait(30)
    assert last is not None
    assert last.status is Status.FINISHED


def test_waiting_for_a_job_that_nobody_knows_raises(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(JobNotFound):
        show(client).wait(15)


def test_waiting_returns_after_its_timeout_with_the_last_snapshot(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "queued"))
    live = show(client, shot(1, "queued"))
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
        "last = live.wait()",
        "print(last.status)",
    ]
    shown, _, printed = run(api, tmp_path, monkeypatch, *cells).cells
    output, gone = shown.outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert gone.data == {"text/plain": "", "text/html": ""}
    assert output.data["text/plain"] == f'long_task j1: finished 100 % · complete · {{"msg": "<done>"}} · as of {at}'
    assert "&lt;done&gt;" in output.data["text/html"]
    assert f"as of {at}" in output.data["text/html"]
    assert printed.outputs[0].text == "finished\n"


def test_a_failed_job_leaves_its_error_in_red(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = JobError(type="ValueError", detail="no <script>")
    api.put(shot(6, "failed", percent=40, error=why))
    notebook = run(api, tmp_path, monkeypatch, FAILS)
    output = notebook.cells[0].outputs[0]
    assert "color: #b3261e; white-space: pre-wrap'>ValueError: no &lt;script&gt;</div>" in output.data["text/html"]
    assert "width: 40%" in output.data["text/html"]
    assert not [output for output in notebook.cells[0].outputs if WIDGET in output.get("data", {})]
    assert notebook.cells[0].outputs[-1].text == "ValueError no <script>\n"


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
    box = widgets(HBox)[-1]
    shown = [child for child in box.children if isinstance(child, Button)]
    return {button.description: button for button in shown if not button.disabled}


def test_a_press_shows_at_once_what_is_asked_for_and_the_bar_goes_on(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, total=5, can=["pause", "cancel"]))
    live = show(client)
    wait_for(lambda: set(buttons()) == {"Pause", "Cancel"}, 10, "the buttons are there")
    asked = shot(2, percent=20, total=5, can=["pause", "cancel"], control={"requested": "pause", "by": "ada"})
    api.answer("POST", "/jobs/j1/pause", 200, asked.model_dump(mode="json"))
    buttons()["Pause"].click()
    wait_for(lambda: "pause asked for" in text(), 10, "the request shows")
    assert set(buttons()) == {"Cancel"}
    api.put(shot(3, "paused", percent=20, total=5, can=["resume", "cancel"]))
    wait_for(lambda: set(buttons()) == {"Resume", "Cancel"}, 10, "it is paused")
    assert "<b>paused</b> 20 %" in text()
    live.close()


def test_a_cancel_takes_two_presses(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, can=["pause", "cancel"]))
    live = show(client)
    wait_for(lambda: "Cancel" in buttons(), 10, "the buttons are there")
    last = shot(2, "canceled", percent=20, can=["retry"])
    api.answer("POST", "/jobs/j1/cancel", 200, last.model_dump(mode="json"))
    buttons()["Cancel"].click()
    wait_for(lambda: "Really cancel?" in buttons(), 10, "it asks back")
    assert not [seen for seen in api.seen if seen.method == "POST"]
    buttons()["Really cancel?"].click()
    api.put(last)
    with pytest.raises(JobWasCanceled):
        live.wait(10)
    assert "<b>canceled</b> 20 %" in text()


def test_a_refused_press_says_why_until_the_next(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, can=["pause", "cancel"]))
    live = show(client)
    wait_for(lambda: "Pause" in buttons(), 10, "the buttons are there")
    api.answer("POST", "/jobs/j1/pause", 409, problem("conflict", "job <j1> is over"))
    buttons()["Pause"].click()
    wait_for(lambda: "job &lt;j1&gt; is over" in text(), 10, "the refusal shows")
    api.put(shot(2, message="further", can=["pause", "cancel"]))
    wait_for(lambda: "further" in text(), 10, "the bar goes on")
    assert "job &lt;j1&gt; is over" in text()
    buttons()["Cancel"].click()
    live.close()


def test_a_job_that_takes_no_requests_has_no_buttons(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20))
    live = show(client)
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
        """
from headway.errors import JobWasCanceled
try:
    live.wait(20)
except JobWasCanceled:
    print(live.snapshot.status)
""",
    ]
    shown, _, printed = run(api, tmp_path, monkeypatch, *cells).cells
    worker.join()
    assert printed.outputs[0].text == "canceled\n"
    output = shown.outputs[0]
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


def test_all_bars_share_one_thread_and_one_connection(api: ScriptedApi, client: Client) -> None:
    ids = [f"many{number}" for number in range(20)]
    for job_id in ids:
        api.put(Snapshot(job_id=job_id, seq=1, status=Status.RUNNING, percent=20, total=5))
    handles = [Handle(job_id, None, client) for job_id in ids]
    for handle in handles:
        handle.show()
    wait_for(lambda: all(bar.value == 20 for bar in widgets(IntProgress)), 10, "every bar shows 20 %")
    assert [thread.name for thread in threading.enumerate()].count("headway-watch") == 1
    assert (api.open_sockets, api.connections) == (1, 1)
    for job_id in ids:
        api.put(Snapshot(job_id=job_id, seq=2, status=Status.FINISHED, result=job_id))
    assert [handle.result(10) for handle in handles] == ids


def test_two_bars_of_one_job_show_the_same(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=20, total=5))
    first = show(client)
    wait_for(lambda: [bar.value for bar in widgets(IntProgress)] == [20], 10, "the first bar shows 20 %")
    second = show(client)
    wait_for(lambda: [bar.value for bar in widgets(IntProgress)] == [20, 20], 10, "the second bar shows it at once")
    api.put(shot(2, "finished"))
    assert first.wait(10) == second.wait(10)


def test_a_closed_bar_is_followed_no_more_and_others_go_on(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    closed, other = show(client), show(client)
    wait_for(lambda: closed.snapshot is not None and other.snapshot is not None, 10, "both saw the job")
    closed.close()
    api.put(shot(2, "finished"))
    other.wait(10)
    assert closed.snapshot is not None
    assert closed.snapshot.seq == 1


def test_where_no_socket_can_be_had_all_jobs_are_polled_together(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = True
    api.put(shot(1, percent=20, total=5))
    api.put(Snapshot(job_id="j2", seq=1, status=Status.FINISHED))
    live, other = show(client), Handle("j2", None, client)
    other.wait(10)
    api.put(shot(2, "finished"))
    live.wait(10)
    assert {seen.query["ids"] for seen in api.seen if seen.path == "/status"} >= {"j1,j2"}


def test_an_api_that_refuses_who_asks_ends_the_wait(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    live = show(client)
    wait_for(lambda: live.snapshot is not None, 10, "the job is seen")
    api.cut_many(4401)
    with pytest.raises(ApiRefused):
        live.wait(10)


def test_nested_bars_are_shown_below_while_the_job_is_under_way(api: ScriptedApi, client: Client) -> None:
    bars = [Bar(id=1, desc="files", n=1, total=4), Bar(id=2, parent=1, desc="<rows>", n=30, total=40, percent=75)]
    api.put(shot(1, percent=40, total=4, bars=bars))
    live = show(client)
    wait_for(lambda: "padding-left: 1.5em" in text(), 10, "the inner bar is indented")
    assert "&lt;rows&gt; · 30 of 40" in text()
    api.put(shot(2, "finished", bars=bars))
    live.wait(10)
    assert "rows" not in text()


def test_awaiting_gives_the_result_and_leaves_the_loop_free(api: ScriptedApi, client: Client) -> None:
    handle = Handle("j1", None, client)
    api.put(shot(1))

    async def finish() -> None:
        await asyncio.to_thread(wait_for, lambda: handle.snapshot is not None, 10, "the job is seen")
        api.put(shot(2, "finished", result={"value": 42}))

    async def both() -> Any:
        return (await asyncio.gather(handle, finish()))[0]

    assert asyncio.run(both()) == {"value": 42}


def test_the_result_of_a_job_that_goes_on_is_not_there_yet(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    handle = Handle("j1", None, client)
    with pytest.raises(StillRunning):
        handle.result(0.01)
    handle.close()


def test_a_result_kept_beside_is_fetched(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "finished", result={"href": "/jobs/j1/result", "bytes": 3}))
    api.answer(
        "GET",
        "/status/j1",
        200,
        shot(1, "finished", result={"href": "/jobs/j1/result", "bytes": 3}).model_dump(mode="json"),
    )
    api.answer("GET", "/jobs/j1/result", 200, [1, 2, 3])
    assert Handle("j1", None, client).result(10) == [1, 2, 3]


def test_the_text_of_a_job_under_way_is_kept_beside_its_widget(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(shot(3, percent=20, total=5, n=1, message="<step 1>", updated_at="2025-10-28T10:21:34.000Z"))
    cells = ["from headway.notebook import watch\nlive = watch('j1')", KEPT]
    shown, _ = run(api, tmp_path, monkeypatch, *cells).cells
    still, live = shown.outputs
    assert WIDGET in live.data
    assert "&lt;step 1&gt;" in still.data["text/html"]
    assert "as of 2025-10-28T10:21:34.000Z" in still.data["text/html"]


def test_a_cell_run_again_in_a_new_kernel_shows_the_same_job(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(shot(3, "finished", result=7))
    cell = "from headway.notebook import watch\nprint(watch(['j1'])[0].result(20))"
    first, second = (run(api, tmp_path, monkeypatch, cell).cells[0] for _ in range(2))
    assert first.outputs[-1].text == second.outputs[-1].text == "7\n"


def test_in_colab_the_cell_waits_and_shows_text_alone(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(shot(1, percent=20, total=5))
    cells = [
        "import sys, types\nsys.modules['google.colab'] = types.ModuleType('colab')",
        "from headway.notebook import watch\nlive = watch('j1')\nprint(live.done, live.snapshot.status)",
    ]

    def finish() -> None:
        wait_for(lambda: api.open_sockets, 25, "it follows")
        api.put(shot(2, "finished"))

    worker = threading.Thread(target=finish)
    worker.start()
    shown = run(api, tmp_path, monkeypatch, *cells).cells[1]
    worker.join()
    assert "<b>finished</b> 100 %" in shown.outputs[0].data["text/html"]
    assert shown.outputs[1].text == "True finished\n"


def test_a_script_gets_a_bar_in_the_terminal(api: ScriptedApi) -> None:
    api.put(shot(4, "finished", task="long_task", result=7))
    script = "from headway.notebook import watch; print('result', watch('j1').result(5))"
    env = {"PATH": os.environ["PATH"], "HEADWAY_API_URL": api.url}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=30, check=True
    )
    assert "finished" in ran.stdout
    assert ran.stdout.endswith("result 7\n")
