"""The reporting functions where there is no job: bars, and neither a warning, a thread nor a connection."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from redis import Redis

from tests.servers import ROOT, inherited

BEFORE = "import threading\nbefore = set(threading.enumerate())\n"
WORK = """\
from headway import checkpoint, log, metric, phase, report, track
from headway.tqdm import capture, thread_map, tqdm, trange
with phase("load"):
    for i in track(range(3), desc="rows"):
        metric(loss=i)
        checkpoint()
report(percent=50, message="half")
report(percent=100)
with capture(), tqdm(total=2, desc="bar") as bar:
    bar.update(2)
    bar.set_postfix(loss=1)
assert thread_map(abs, [-1, -2]) == [1, 2]
assert list(trange(3)) == [0, 1, 2]
for i in track(range(9), desc="left early"):
    break
report(n=1, total=2)
log("a line")
"""
AFTER = "left = [thread.name for thread in threading.enumerate() if thread not in before]\nprint('left', left)\n"
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_WIDGETS = "import sys\nsys.modules['ipywidgets'] = None\n"


@pytest.fixture
def env(redis_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a process gets that might use Redis, and must not."""
    with Redis.from_url(redis_url) as client:
        before = client.info("stats")["total_connections_received"]
        yield inherited() | {
            "REDIS_URL": redis_url,
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "PYTHONPATH": str(tmp_path),
        }
        assert client.info("stats")["total_connections_received"] == before


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True)


def assert_drawn(said: str) -> None:
    assert "Warning" not in said
    for part in ("load", "rows: 100%", "half", "bar: 100%", "loss=1", "2/2"):
        assert part in said


def test_a_plain_script_draws_bars_and_leaves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(BEFORE + WORK + AFTER)
    done = run(env, "-W", "error", str(script))
    assert_drawn(done.stderr)
    assert done.stdout == "a line\nleft []\n"


def test_code_under_pytest_warns_of_nothing_and_leaves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    body = "".join(f"    {line}\n" for line in (BEFORE + WORK + AFTER).splitlines())
    test.write_text(f"def test_it():\n{body}    assert not left\n")
    options = ["-q", "-W", "error", "-o", "addopts=", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = run(env, "-m", "pytest", *options, str(test))
    assert "1 passed" in done.stdout
    assert "warning" not in done.stdout.lower()
    assert done.stderr == ""


def test_ipython_draws_bars_and_leaves_nothing(env: dict[str, str]) -> None:
    done = run(env, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", BEFORE + WORK + AFTER)
    assert_drawn(done.stderr)
    assert done.stdout.endswith("a line\nleft []\n")


@pytest.mark.parametrize("widgets", [True, False], ids=["with ipywidgets", "without ipywidgets"])
def test_a_notebook_draws_widgets_or_else_text_and_leaves_nothing(
    env: dict[str, str], tmp_path: Path, widgets: bool
) -> None:
    if not widgets:
        (tmp_path / "sitecustomize.py").write_text(NO_WIDGETS)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (BEFORE, WORK, AFTER)])
    NotebookClient(notebook, timeout=120, startup_timeout=180, kernel_name="python3").execute(env=env, cwd=str(ROOT))
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "Warning" not in said
    assert "a line\n" in said
    assert said.endswith("left []\n")
    assert any(WIDGET in output.get("data", {}) for output in outputs) == widgets
    if not widgets:
        assert_drawn(said)
