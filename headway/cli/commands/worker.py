"""`headway worker`: run jobs."""

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from headway import engines, tasks
from headway.cli.ends import End
from headway.errors import HeadwayError, RedisUnavailable, SettingsError, WorkerEnded
from headway.settings import Settings, get_settings
from headway.store import Store
from headway.store.calls import Call
from headway.tasks import Task

_ENV_HINT = "`make run` writes its own to .headway/env: read it with `. .headway/env`"


def worker(
    task_modules: Annotated[
        list[str] | None, typer.Option("--tasks", help="A module with tasks; again for more. Default: HEADWAY_TASKS.")
    ] = None,
    queues: Annotated[
        list[str] | None, typer.Option("--queue", help="A queue to serve; again for more. Default: HEADWAY_QUEUES.")
    ] = None,
    name: Annotated[str, typer.Option(help="The worker's name. Default: made up.")] = "",
    burst: Annotated[bool, typer.Option("--burst", help="End when the queues are empty.")] = False,
) -> None:
    """Run jobs until told to stop (Ctrl-C, SIGTERM)."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("headway").setLevel(logging.INFO)
    # As `python -m` does: a worker's tasks are looked for where it is started.
    sys.path.insert(0, str(Path.cwd()))
    try:
        settings = get_settings()
        found = _tasks(task_modules, settings)
        check_redis(settings)
        engine = engines.load(settings)
        engine.work(settings, found, list(queues or settings.queues), name or f"w-{uuid4().hex[:8]}", burst)
    except HeadwayError as error:
        typer.echo(f"headway: {error}", err=True)
        raise typer.Exit(End.FAILED if isinstance(error, WorkerEnded) else End.USAGE) from None


def _tasks(modules: list[str] | None, settings: Settings) -> list[Task]:
    if modules is None and "tasks" not in settings.model_fields_set and find_spec("worker") is None:
        raise SettingsError("name the module that has your tasks: headway worker --tasks mytasks")
    return tasks.load(modules or settings.tasks)


def check_redis(settings: Settings) -> None:
    """Make sure that Redis answers.

    Raises:
        RedisUnavailable: it does not; the sentence says where to find one if none was named.
    """
    store = Store(settings)
    try:
        store.run(Call(_nothing, commands=(("PING",),)))
    except RedisUnavailable as error:
        hint = "" if "redis_url" in settings.model_fields_set else f" (no REDIS_URL is set; {_ENV_HINT})"
        raise RedisUnavailable(f"{error}{hint}") from error
    finally:
        store.close()


def _nothing(raw: list[object]) -> None:
    return None
