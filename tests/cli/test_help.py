"""What `--help` says, held together with the manual; and what the command costs those who do not use it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headway.cli import app
from headway.cli.ends import End
from headway.version import __version__

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "cli.md").read_text()


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], terminal_width=200)
    assert result.exit_code == 0
    return result.output


def options(text: str) -> set[str]:
    """The options that a help lists, without `--help` itself."""
    listed = text.partition("Options:")[2].partition("Commands:")[0]
    return {name for line in listed.splitlines() for name in re.findall(r"(?:^  |, )(--?[a-z-]+)", line)} - {"--help"}


def commands() -> list[str]:
    return re.findall(r"^  (\w+)  ", help_of().partition("Commands:")[2], re.MULTILINE)


def section(heading: str) -> str:
    """What the manual says below a heading that begins so."""
    (found,) = re.findall(
        rf"^## {re.escape(heading)}(?: [A-Z[][^\n]*)?\n(.*?)(?=^## |\Z)", MANUAL, re.DOTALL | re.MULTILINE
    )
    return found


def documented(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `-")]
    return {option for row in rows for option in re.findall(r"`(-[^`]+)`", row)} - {"--help"}


def test_the_manual_has_every_command_and_no_other() -> None:
    assert set(re.findall(r"^## headway (\w+)", MANUAL, re.MULTILINE)) == set(commands())
    assert {"run", "watch", "ls", "status", "tasks", "worker", "judge", "doctor"} <= set(commands())


@pytest.mark.parametrize("command", ["", *commands()])
def test_the_manual_has_every_option_and_no_other(command: str) -> None:
    text = help_of(*command.split())
    assert options(text) == documented(section(f"headway {command}".strip()))
    # A flag takes no value.
    assert "<bool>" not in text


def test_the_manual_has_every_exit_status() -> None:
    rows = section("Exit status")
    assert {int(status) for status in re.findall(r"^\| `(\d+)` \|", rows, re.MULTILINE)} == {int(end) for end in End}


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"headway {__version__}\n"


@pytest.mark.parametrize("args", [["nonsense"], ["run"], ["ls", "--limit", "0"], ["watch"], ["ls", "--status", "odd"]])
def test_a_wrong_use_is_an_error_of_its_own(args: list[str]) -> None:
    result = CliRunner().invoke(app, args)
    assert result.exit_code == End.USAGE
    assert result.stdout == ""
    assert "Error: " in result.stderr


def test_the_library_alone_loads_nothing_of_the_command_line() -> None:
    code = "import headway, sys; print([name for name in ('typer', 'rich', 'headway.cli') if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert shown == "[]\n"


def test_a_plain_install_brings_all_that_it_needs() -> None:
    # What only `headway[…]` and a checkout bring.
    extras = "fastapi starlette uvicorn streamlit psutil honcho rq jsonschema ipywidgets IPython pandas numpy plotly"
    code = f"import sys; sys.modules.update(dict.fromkeys({extras.split()})); from headway.cli import app; app()"
    shown = subprocess.run(
        [sys.executable, "-c", code, "--help"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    assert "doctor" in shown
