"""Every block of the page on reporting, run by a real worker, and alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.client import Client
from tests.servers import ApiServer, inherited, process
from tests.wait import wait_for

PAGE = (Path(__file__).parents[2] / "docs" / "reporting.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TASKS = [re.findall(r"@task\ndef (\w+)", block)[0] for block in BLOCKS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blocks as modules."""
    folder = tmp_path_factory.mktemp("docs")
    for number, block in enumerate(BLOCKS):
        (folder / f"block_{number}.py").write_text(block)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path, api: ApiServer, module_redis_url: str) -> Iterator[Client]:
    """An API whose worker has the blocks' tasks."""
    options = [part for number in range(len(BLOCKS)) for part in ("--tasks", f"block_{number}")]
    command = [sys.executable, "-m", "headway.cli", "worker", *options]
    with process(command, {"REDIS_URL": module_redis_url}, cwd=folder), Client(api.url) as client:
        wait_for(lambda: {task.name for task in client.tasks()} >= set(TASKS), 30, "the tasks are known")
        yield client


def test_every_block_has_a_task() -> None:
    assert len(set(TASKS)) == len(BLOCKS) == 7


@pytest.mark.parametrize("task", TASKS)
def test_a_blocks_task_runs_and_ends_at_its_whole(client: Client, task: str) -> None:
    last = list(client.watch(client.submit(task).job_id, timeout_s=30))[-1]
    assert (last.status, last.percent, last.error) == ("finished", 100, None)
    assert last.bars, "no bar was seen"
    if task == "descend":
        assert last.metrics.keys() == {"loss", "step"}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_alone_draws_an_ordinary_bar(folder: Path, number: int) -> None:
    code = f"import block_{number} as block\nif __name__ == '__main__':\n    block.{TASKS[number]}()"
    script = folder / f"alone_{number}.py"
    script.write_text(code)
    env = inherited() | {"REDIS_URL": "unix:///nobody/listens.sock", "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(script)], cwd=folder, env=env, check=True, capture_output=True, timeout=30
    )
    assert b"100%" in ran.stderr
