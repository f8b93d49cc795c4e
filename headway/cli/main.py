"""The `headway` command: its commands put together, and every error of theirs said in a sentence."""

import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headway.cli import commands
from headway.cli.ends import End, end_of_error
from headway.cli.say import warn
from headway.errors import HeadwayError, InvalidParams
from headway.version import __version__


class _Commands(TyperGroup):
    """Runs a command; what it raises becomes a sentence and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except HeadwayError as error:
            complain(error)
            raise typer.Exit(end_of_error(error)) from None
        except KeyboardInterrupt:
            raise typer.Exit(End.INTERRUPTED) from None
        except BrokenPipeError:
            # Python flushes once more at its end, and would complain of the same.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(End.UNREAD) from None


def complain(error: HeadwayError) -> None:
    """Say an error on stderr: a sentence, or one for each parameter that does not fit."""
    sentences: list[HeadwayError] = [error]
    if isinstance(error, InvalidParams) and error.errors:
        sentences = [InvalidParams(error.task, [fault]) for fault in error.errors]
    for sentence in sentences:
        warn(str(sentence))


# Typer's own panels by rich say `--version <bool>`.
app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False) -> None:
    """Run jobs, and see live what they are doing."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign is no reason to fail.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    if version:
        typer.echo(f"headway {__version__}")
        raise typer.Exit


def _add_commands() -> None:
    """Each module of `headway.cli.commands` has what is named like it: a function, or a group of commands."""
    for found in iter_modules(commands.__path__):
        command = getattr(import_module(f"{commands.__name__}.{found.name}"), found.name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=found.name)
        else:
            app.command(found.name)(command)


_add_commands()
