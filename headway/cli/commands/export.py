"""`headway export`: history as a file."""

import sys
import tempfile
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from headway.cli.say import warn
from headway.clock import format_utc, parse_utc
from headway.errors import BadInput, SettingsError
from headway.settings import get_settings


class Format(StrEnum):
    """What the file is written as."""

    CSV = "csv"
    PARQUET = "parquet"


class What(StrEnum):
    """What of history."""

    JOBS = "jobs"
    ATTEMPTS = "attempts"
    EVENTS = "events"
    LOGS = "logs"
    METRICS = "metrics"
    ACTIONS = "actions"


def export(
    to: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output, for csv.")],
    what: Annotated[What, typer.Option(help="Which table of history.")] = What.JOBS,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave out what is older: 2025-10-28, or a time with Z or offset."),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Default: what FILE ends in, else csv.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write history into a file, whole or not at all. Reads the database itself, where HEADWAY_DATABASE_URL says."""
    path = Path(to)
    chosen = form or (Format.PARQUET if path.suffix == ".parquet" else Format.CSV)
    if to == "-" and chosen is Format.PARQUET:
        raise BadInput("parquet is no text: name a file instead of -")
    if to != "-" and path.exists() and not force:
        raise BadInput(f"{to} is there already: --force replaces it")
    begin = None if since is None else _time(since)
    source = _loaded("export")
    with source.opened(get_settings()) as database:
        columns = source.columns(what)
        if to == "-":
            count = source.export(database, what, begin, source.CsvSink([name for name, _ in columns], sys.stdout))
        else:
            count = _written(source, database, what, begin, columns, path, chosen)
    warn(f"{count:,} {what} written")


def _written(
    source: Any, database: Any, what: What, begin: str | None, columns: list[tuple[str, str]], path: Path, form: Format
) -> int:
    try:
        with tempfile.TemporaryDirectory(prefix=".headway-", dir=path.parent) as folder:
            part = Path(folder) / path.name
            if form is Format.PARQUET:
                with _loaded("parquet").ParquetSink(columns, part) as sink:
                    count: int = source.export(database, what, begin, sink)
            else:
                with part.open("w", encoding="utf-8", newline="") as file:
                    count = source.export(database, what, begin, source.CsvSink([name for name, _ in columns], file))
            part.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def _loaded(module: str) -> Any:
    try:
        return import_module(f"headway.history.{module}")
    except ImportError as error:
        raise SettingsError(f"export needs {error.name}: pip install 'headway[history]'") from error


def _time(text: str) -> str:
    try:
        return format_utc(parse_utc(f"{text}T00:00:00Z" if len(text) == 10 else text))
    except ValueError as error:
        raise BadInput(f"--since: {error}") from None
