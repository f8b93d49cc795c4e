"""Columns of text: cut to fit on a terminal, whole in a pipe."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headway.cli.say import say

_ENDLESS = 100_000


@dataclass(frozen=True)
class Column:
    """A heading, and what becomes of its cells on a terminal: never cut, or `most` characters wide at most."""

    heading: str
    right: bool = False
    whole: bool = False
    most: int | None = None


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below their headings; the texts are clean."""
    shown = sys.stdout.isatty()
    console = Console(highlight=False, markup=False, emoji=False, width=None if shown else _ENDLESS)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    cells = [[Text(cell) for cell in row] for row in rows]
    for position, column in enumerate(columns):
        table.add_column(
            Text(column.heading, style="bold"),
            justify="right" if column.right else "left",
            max_width=column.most if shown else None,
            min_width=max((row[position].cell_len for row in cells), default=0) if column.whole else None,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in cells:
        table.add_row(*row)
    if shown:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        say(line.rstrip())
