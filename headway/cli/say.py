"""Lines of output: what was asked for on stdout, what went wrong on stderr."""

import json
import re
from typing import Any

import typer

from headway.cli.lines import clean

# Those that JSON leaves as they are, though a terminal may obey them.
_C1 = re.compile("[\x7f-\x9f]")


def say(line: str) -> None:
    """Print a line, at once even into a pipe."""
    typer.echo(line)


def warn(sentence: str) -> None:
    """Print a sentence about something that went wrong."""
    typer.echo(f"headway: {clean(sentence)}", err=True)


def say_json(value: Any) -> None:
    """Print JSON for people and programs; control characters are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    typer.echo(_C1.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
