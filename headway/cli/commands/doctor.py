"""`headway doctor`: what works, what does not, and what to do about it."""

import difflib
import os
import platform
from collections.abc import Iterator
from importlib import metadata

import typer

from headway.cli.api_checks import api_findings, ui_finding
from headway.cli.ends import End
from headway.cli.findings import Finding, Level, bad, ok, print_findings, warn
from headway.cli.redis_checks import redis_findings, worker_names
from headway.client import Client
from headway.errors import HeadwayError
from headway.settings import Settings, get_settings
from headway.version import __version__

#: Not settings, but named so: REDIS_URL's other name, what headway tells its own processes, and the README's.
_OTHERS = {"HEADWAY_REDIS_URL", "HEADWAY_STACK_ID", "HEADWAY_RELAY", "HEADWAY_CHECKOUT"}


def doctor() -> None:
    """Say what is reachable and whether it is set up well; the exit status is 1 if something does not work."""
    if print_findings(_findings()) is Level.BAD:
        raise typer.Exit(End.FAILED)


def _findings() -> Iterator[Finding]:
    yield ok("versions", f"headway {__version__}, Python {platform.python_version()}, {_installed()}")
    try:
        settings = get_settings()
        client = Client()
    except HeadwayError as error:
        yield bad("settings", str(error), "every setting is in docs/settings.md")
        return
    yield from _unknown_settings()
    yield from redis_findings(settings)
    with client:
        yield from api_findings(client)
        yield from _same_redis(settings, client)
    yield ui_finding(settings.ui_port)


def _installed() -> str:
    found = []
    for name in ("redis", "rq"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def _unknown_settings() -> Iterator[Finding]:
    known = {f"HEADWAY_{name.upper()}" for name in Settings.model_fields} | _OTHERS
    unknown = sorted(name for name in os.environ if name.startswith("HEADWAY_") and name not in known)
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {close[0]}?" if close else "unset it, or see docs/settings.md"
        yield warn("settings", f"{name} is no setting", advice)
    if not unknown:
        yield ok("settings", "all that are set are known")


def _same_redis(settings: Settings, client: Client) -> Iterator[Finding]:
    """Whether the API and this machine mean the same Redis, told by the workers in each; nothing where none is."""
    try:
        here, there = worker_names(settings), {worker.name for worker in client.workers()}
    except HeadwayError:
        # That they cannot be reached was said before.
        return
    if (here or there) and not here & there:
        said = "the workers in REDIS_URL's Redis are not those that the API sees: it looks at another Redis"
        yield bad("Redis", said, "give the API and the workers the same REDIS_URL")
