"""Every command and example of the README, run as a reader would run it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from headway.client import Client
from tests.fixtures import Stack
from tests.wait import wait_for

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "python"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_readme_has_the_blocks_that_are_run_here() -> None:
    assert [text.split()[0] for text in SHELL] == ["make", "make", "pip"]
    assert len(PYTHON) == 3
    assert len(README.split("## How it fits")[0].splitlines()) < 90


@pytest.mark.parametrize("command", SHELL[:2], ids=str.strip)
def test_the_two_commands_are_targets_that_set_themselves_up(command: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    copy_of_checkout(checkout)
    plan = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *command.split()[1:]],
        cwd=checkout,
        # These tests may themselves be run by make.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "-m venv" in plan
    assert "--require-hashes" in plan
    last = {"make run": "-m headway.stack", "make test": "-m pytest"}[command.strip()]
    assert last in plan.splitlines()[-1]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> dict[str, str]:
    """An empty environment into which headway was installed from a checkout that is gone by now."""
    folder = tmp_path_factory.mktemp("elsewhere")
    checkout = folder / "checkout"
    copy_of_checkout(checkout)
    empty_environment(folder)
    env = environment(folder)
    install, *_ = SHELL[2].splitlines()
    subprocess.run(["/bin/sh", "-ec", install], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(checkout)
    (checkout / ".headway").mkdir(parents=True)
    (checkout / ".headway" / "env").write_text(
        f"export REDIS_URL='{stack.redis_url}'\nexport HEADWAY_API_URL='{stack.api_url}'\n"
    )
    (folder / "mytasks.py").write_text(PYTHON[0])
    return env | {"PWD": str(folder)}


def test_a_worker_of_ones_own_runs_without_the_checkout(elsewhere: dict[str, str], stack: Stack) -> None:
    _, *commands = SHELL[2].splitlines()
    worker = subprocess.Popen(
        ["/bin/sh", "-ec", "\n".join(commands)], cwd=elsewhere["PWD"], env=elsewhere, start_new_session=True
    )
    try:
        with Client(stack.api_url) as client:
            wait_for(lambda: "word_lengths" in {task.name for task in client.tasks()}, 30, "the task is announced")
        submit = f". $HEADWAY_CHECKOUT/.headway/env\npython - <<'END'\n{PYTHON[1]}\nEND"
        said = output_of(submit, elsewhere)
        (command,) = re.findall(r"`(headway run [^`]+)`", README)
        watched = output_of(f". $HEADWAY_CHECKOUT/.headway/env\n{command}\nheadway ls\nheadway doctor", elsewhere)
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(20)
    assert said.splitlines()[-1] == "finished 100 complete {'to': 2, 'be': 2, 'or': 2, 'not': 3}"
    assert '· {"to": 2, "be": 2, "or": 2, "not": 3}' in watched
    assert re.search(r"^ok +worker ", watched, re.MULTILINE)


def test_the_notebook_extra_brings_all_that_the_notebook_bar_imports(tmp_path: Path) -> None:
    """The command for notebooks, in an environment that sees the extra's own requirements and nothing else of ours.

    They are linked instead of downloaded: a hundred packages would take half a minute. That the index has them is what
    installing the lock has shown.
    """
    (command,) = re.findall(r"`(pip install [^`]*notebook[^`]*)`", README)
    copy_of_checkout(tmp_path / "checkout")
    python = empty_environment(tmp_path)
    shelf = tmp_path / "shelf"
    link_distributions(required_by("headway", "notebook"), shelf)
    purelib = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(purelib, check=True, capture_output=True, text=True).stdout.strip())
    (site / "shelf.pth").write_text(f"{shelf}\n")
    env = environment(tmp_path)
    said = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    ).stdout
    assert re.search(r"^Successfully installed headway-\S+$", said, re.MULTILINE), said
    shutil.rmtree(tmp_path / "checkout")
    imported = [python, "-c", "import headway.notebook; print(headway.notebook.__file__, headway.notebook.watch)"]
    where = subprocess.run(imported, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout
    assert where.startswith(f"{site}/headway/notebook")


def test_the_notebook_example_shows_a_job_to_its_end(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADWAY_API_URL", stack.api_url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    code = PYTHON[2] + "bar.wait()\nprint(bar.snapshot.status, bar.snapshot.task)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120, startup_timeout=180, kernel_name="python3").execute()
    said = [output["text"] for output in notebook.cells[0].outputs if output.output_type == "stream"]
    assert said == ["finished profile_table\n"]


def output_of(script: str, env: dict[str, str]) -> str:
    """What a reader's shell prints; the script succeeds."""
    return subprocess.run(
        ["/bin/sh", "-ec", script], cwd=env["PWD"], env=env, check=True, capture_output=True, text=True
    ).stdout


def empty_environment(folder: Path) -> str:
    """Make `venv` in this folder; its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    return str(folder / "venv" / "bin" / "python")


def environment(folder: Path) -> dict[str, str]:
    """What a reader's shell has who works in this folder: its `venv`, and where the checkout is."""
    kept = {name: os.environ[name] for name in os.environ if name.startswith("PIP_") or name in {"HOME", "LANG"}}
    return kept | {
        "PATH": f"{folder / 'venv' / 'bin'}:/usr/bin:/bin",
        "HEADWAY_CHECKOUT": str(folder / "checkout"),
        # The same versions as everywhere, so that a new release elsewhere cannot turn this red.
        "PIP_CONSTRAINT": str(constraints(folder)),
    }


def required_by(name: str, extra: str) -> set[str]:
    """Canonical names of what this distribution with this extra requires, and what these require in turn."""
    found: set[str] = set()
    waiting = [(name, extra)]
    looked_at: set[tuple[str, str]] = set()
    while waiting:
        distribution, wanted = waiting.pop()
        if (distribution, wanted) in looked_at:
            continue
        looked_at.add((distribution, wanted))
        for line in metadata.requires(distribution) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                found.add(canonicalize_name(requirement.name))
                waiting += [(requirement.name, further) for further in ("", *requirement.extras)]
    return found


def link_distributions(names: set[str], shelf: Path) -> None:
    """Make a folder that holds what these distributions installed here, and nothing of the others."""
    shelf.mkdir()
    for name in names:
        for file in metadata.files(name) or ():
            top = file.parts[0]
            if top not in {"..", "__pycache__"} and not (shelf / top).exists():
                (shelf / top).symlink_to(metadata.distribution(name).locate_file(top))


def copy_of_checkout(target: Path) -> None:
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build"))


def constraints(folder: Path) -> Path:
    """The lock without its hashes: pip wants a hash for everything or for nothing."""
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+==\S+(?: ; .*?)?) \\$", lock, re.MULTILINE)
    path = folder / "constraints.txt"
    path.write_text("\n".join(pins))
    return path
