"""What an examination finds: one line each, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from rich.console import Console
from rich.text import Text

from headway.cli.lines import clean

_STYLES = {"ok": "green", "warn": "yellow", "bad": "bold red"}


class Level(IntEnum):
    """How good it is."""

    OK = 0
    WARN = 1
    BAD = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` says what to do where it is not as it should be."""

    level: Level
    about: str
    said: str
    advice: str = ""


def ok(about: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(Level.OK, about, said)


def warn(about: str, said: str, advice: str) -> Finding:
    """It works, but not as well as it could, or will not for long."""
    return Finding(Level.WARN, about, said, advice)


def bad(about: str, said: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(Level.BAD, about, said, advice)


def print_findings(findings: Iterable[Finding]) -> Level:
    """Print each as it comes, and return the worst level."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    worst = Level.OK
    for finding in findings:
        worst = max(worst, finding.level)
        level = finding.level.name.lower()
        console.print(Text.assemble((f"{level:5}", _STYLES[level]), f"{finding.about:12}", clean(finding.said)))
        if finding.advice:
            console.print(Text(f"{'':17}{clean(finding.advice)}", style="dim"))
    return worst
