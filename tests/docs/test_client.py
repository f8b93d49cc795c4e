"""Every block of the pages on the client and on control, run as it stands against a real API and worker."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headway import errors
from headway.client import AsyncClient, Client
from tests.fixtures import Stack
from tests.servers import inherited
from tests.wait import wait_for

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "client.md").read_text()
CONTROL = (DOCS / "control.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE + CONTROL, re.DOTALL)


def test_every_block_is_found() -> None:
    assert len(BLOCKS) == (PAGE + CONTROL).count("```python") == 11


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs_as_it_stands(stack: Stack, tmp_path: Path, number: int) -> None:
    with Client(stack.api_url) as client:
        wait_for(lambda: [task for task in client.tasks() if task.name == "long_task"], 20, "the task is announced")
    script = tmp_path / f"block_{number}.py"
    script.write_text(BLOCKS[number])
    env = inherited() | {"HEADWAY_API_URL": stack.api_url}
    command = [sys.executable, "-W", "error", str(script)]
    ran = subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True, text=True, timeout=45)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_method_of_the_clients_is_on_the_page() -> None:
    for client in (Client, AsyncClient):
        names = [name for name, _ in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")]
        missing = [name for name in names if not re.search(rf"`[^`]*\b{name}\b", PAGE) and f".{name}(" not in PAGE]
        assert missing in ([], ["aclose"])


def test_every_error_on_the_page_exists() -> None:
    rows = PAGE[PAGE.index("| error |") :].splitlines()[2:]
    named = [name for row in rows if row.startswith("|") for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert len(named) > 8
    for name in named:
        assert issubclass(getattr(errors, name, TimeoutError), Exception), name
