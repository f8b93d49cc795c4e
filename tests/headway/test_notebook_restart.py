"""A bar in a notebook whose kernel is restarted while its job goes on."""

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.headway.scripted_api import ScriptedApi, shot
from tests.wait import wait_for

WATCH = "from headway.notebook import watch\nlive = watch('j1')"
#: A cell that ends once the bar was told of the job.
SEEN = """
import time

until = time.monotonic() + 60
while live.snapshot is None and time.monotonic() < until:
    time.sleep(0.01)
print(live.snapshot.percent)
"""
ENDED = "print(live.result(60))"
WIDGET = "application/vnd.jupyter.widget-view+json"


# A crowded machine takes long to start a kernel.
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_after_a_restart_the_same_cells_show_the_same_job_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = [nbformat.v4.new_code_cell(cell) for cell in (WATCH, SEEN, ENDED)]
    shown, seen, ended = cells

    async def restart_in_the_middle(api: ScriptedApi) -> None:
        notebook = NotebookClient(
            nbformat.v4.new_notebook(cells=cells), timeout=90, startup_timeout=180, kernel_name="python3"
        )
        async with notebook.async_setup_kernel():
            for index, cell in enumerate([shown, seen]):
                await notebook.async_execute_cell(cell, index)
            assert seen.outputs[0].text == "20\n"
            assert notebook.km is not None
            await notebook.km.restart_kernel(now=True)
            await asyncio.to_thread(wait_for, lambda: api.open_sockets == 0, 30, "the old kernel is gone")
            await notebook.kc.wait_for_ready(timeout=60)
            api.put(shot(2, percent=60, total=5))
            for index, cell in enumerate([shown, seen]):
                await notebook.async_execute_cell(cell, index)
            assert seen.outputs[0].text == "60\n"
            assert [output for output in shown.outputs if WIDGET in output.get("data", {})]
            api.put(shot(3, "finished", result=7))
            await notebook.async_execute_cell(ended, 2)

    with ScriptedApi() as api:
        monkeypatch.setenv("HEADWAY_API_URL", api.url)
        api.put(shot(1, percent=20, total=5))
        asyncio.run(restart_in_the_middle(api))
    assert ended.outputs[-1].text == "7\n"
    assert shown.outputs[0].data["text/plain"].startswith("job j1: finished 100 %")
    assert not [output for output in shown.outputs if WIDGET in output.get("data", {})]
