"""Lines of output: what was asked for on stdout, what went wrong on stderr."""

import typer

from headway.cli.lines import clean


def say(line: str) -> None:
    """Print a line, at once even into a pipe."""
    typer.echo(line)


def warn(sentence: str) -> None:
    """Print a sentence about something that went wrong."""
    typer.echo(f"headway: {clean(sentence)}", err=True)
