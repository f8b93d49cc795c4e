"""`.ci/run`, with stand-ins for the machine's own programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("bash", "dirname", "id")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that is the whole PATH; whatever is called in it says so in the file `calls`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    for name in ("apt-get", "sudo", "make"):
        add(folder, name, f'echo "{name} $* CI=$CI" >> {tmp_path}/calls')
    return folder


def add(folder: Path, name: str, line: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{line}\n")
    (folder / name).chmod(0o755)


def calls(machine: Path) -> list[str]:
    subprocess.run([ROOT / ".ci" / "run"], env={"PATH": str(machine)}, stdin=subprocess.DEVNULL, check=True)
    return (machine.parent / "calls").read_text().splitlines()


def test_a_machine_that_has_everything_goes_straight_to_the_tests(machine):
    add(machine, "python3", "exit 0")
    add(machine, "chromium", "exit 0")
    add(machine, "postgres", "exit 0")
    # Fonts and libraries are not looked for on the PATH.
    elsewhere = ("fonts", "libfaketime", "update")
    assert [call for call in calls(machine) if not any(word in call for word in elsewhere)] == ["make test CI=true"]


def test_a_bare_machine_gets_what_is_missing_first(machine):
    *installs, last = calls(machine)
    assert last == "make test CI=true"
    assert "apt-get update" in installs[0]
    assert "python3 python3-venv chromium" in installs[1]
    # Where PostgreSQL's programs are is not for the PATH to say.
    has_postgresql = any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert ("postgresql" in installs[1]) is not has_postgresql
