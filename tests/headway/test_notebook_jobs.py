"""The live table of jobs in a cell."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from headway.client import Client
from headway.notebook import Handle, JobsTable, jobs
from headway.snapshot import JobError, Snapshot
from headway.status import Status
from tests.headway.notebook_bars import bars_client, text
from tests.headway.scripted_api import ScriptedApi, problem, shot
from tests.wait import wait_for

WIDGET = "application/vnd.jupyter.widget-view+json"
NEWEST: dict[str, Any] = {"limit": 20, "status": None, "task": None, "queue": None, "owner": None, "search": None}


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with bars_client(api.url) as client:
        yield client


def listed(api: ScriptedApi, *found: Snapshot) -> None:
    """Have the API list these from now on."""
    api.answer("GET", "/jobs", 200, {"jobs": [job.model_dump(mode="json") for job in found], "next": None})


def test_the_table_shows_how_its_jobs_go_on_and_which_come(api: ScriptedApi, client: Client) -> None:
    listed(api, shot(1, task="count", percent=20, total=5, message="<step 1>"))
    table = JobsTable(client, NEWEST)
    assert ">20 %</td>" in text()
    assert "&lt;step 1&gt;" in text()
    why = JobError(type="ValueError", detail="no")
    newer = Snapshot(job_id="j2", seq=1, status=Status.FAILED, task="train", error=why)
    listed(api, newer, shot(2, "finished", task="count"))
    wait_for(lambda: "train failed: ValueError" in text(), 20, "the new job is there")
    assert text().index(">j2<") < text().index(">j1<")
    assert ">100 %</td>" in text()
    table.close()
    assert table.done


def test_a_table_and_bars_share_the_kernels_one_thread(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    listed(api, shot(1))
    handle = Handle("j1", None, client)
    handle.show()
    table = JobsTable(client, NEWEST)
    wait_for(lambda: handle.snapshot and len(asked(api)) > 1, 20, "both are told")
    assert [thread.name for thread in threading.enumerate()].count("headway-watch") == 1
    handle.close()
    seen = len(asked(api))
    wait_for(lambda: len(asked(api)) > seen, 20, "the table goes on without the bar")
    table.close()


def asked(api: ScriptedApi) -> list[object]:
    """How often the jobs were listed."""
    return [seen for seen in api.seen if seen.path == "/jobs"]


def test_an_api_that_is_away_is_noted_and_the_table_goes_on(api: ScriptedApi, client: Client) -> None:
    listed(api, shot(1, percent=20, total=5))
    table = JobsTable(client, NEWEST)
    api.stop()
    wait_for(lambda: "no answer from the API for" in text(), 20, "the note is there")
    listed(api, shot(2, percent=40, total=5))
    api.start()
    wait_for(lambda: ">40 %<" in text() and "no answer" not in text(), 20, "the table goes on")
    table.close()


def test_a_refusal_ends_the_table_with_its_sentence(api: ScriptedApi, client: Client) -> None:
    listed(api, shot(1))
    table = JobsTable(client, NEWEST)
    api.answer("GET", "/jobs", 403, problem("not-allowed", "this token is revoked"))
    wait_for(lambda: table.done, 20, "it stands still")


def test_a_script_is_told_of_the_jobs_once(
    api: ScriptedApi, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(api, shot(1, task="count", percent=20, total=5))
    assert jobs(client=client) is None
    assert capsys.readouterr().out == "count j1: running 20 %\n"


# A crowded machine takes long to start a kernel.
@pytest.mark.timeout(180)
def test_the_same_call_again_lets_the_earlier_table_stand_still_as_text(
    api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_API_URL", api.url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    listed(api, shot(1, task="count", percent=20, total=5))
    cells = [
        "from headway.notebook import jobs\nfirst = jobs()",
        "second = jobs()\nother = jobs(task='count')\nprint(first.done, second.done, other.done)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    first, second = NotebookClient(notebook, timeout=90, startup_timeout=180, kernel_name="python3").execute().cells
    assert second.outputs[-1].text == "True False False\n"
    assert not [output for output in first.outputs if WIDGET in output.get("data", {})]
    assert ">20 %</td>" in first.outputs[0].data["text/html"]
    assert [output for output in second.outputs if WIDGET in output.get("data", {})]
