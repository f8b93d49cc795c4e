"""`headway ls`: a list of jobs."""

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Annotated

import typer

from headway import caption
from headway.cli.lines import clean, said
from headway.cli.say import say_json
from headway.cli.table import Column, print_table
from headway.client import Client
from headway.clock import parse_utc
from headway.quantities import duration
from headway.snapshot import Snapshot
from headway.status import Status

_PAGE_MAX = 200
_COLUMNS = [
    Column("JOB", whole=True),
    Column("TASK", most=24),
    Column("STATUS", whole=True),
    Column("DONE", right=True, whole=True),
    Column("QUEUE", most=16),
    Column("OWNER", most=16),
    Column("AGE", right=True),
    Column(""),
]


def ls(
    status: Annotated[Status | None, typer.Option(help="Only jobs in this state.")] = None,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Only jobs of this task.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="NAME", help="Only jobs of this queue.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only jobs of this user.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of snapshots.")] = False,
) -> None:
    """List jobs, newest first."""
    with Client() as client:
        found = list(islice(_jobs(client, min(limit, _PAGE_MAX), status, task, queue, owner), limit))
    if as_json:
        say_json([job.model_dump(mode="json") for job in found])
    else:
        print_table(_COLUMNS, [_row(job) for job in found])


def _jobs(
    client: Client, limit: int, status: Status | None, task: str | None, queue: str | None, owner: str | None
) -> Iterator[Snapshot]:
    """All jobs, a page of `limit` at a time."""
    cursor: str | None = None
    while True:
        page = client.jobs(status=status, task=task, queue=queue, owner=owner, limit=limit, cursor=cursor)
        yield from page.jobs
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(job: Snapshot) -> list[str]:
    left = "" if job.status.terminal else " · ".join(said(job))
    return [
        job.job_id,
        clean(job.task or "–"),
        job.status.value,
        caption.percent(job),
        clean(job.queue or "–"),
        clean(job.owner or "–"),
        _age(job),
        clean(f"{job.error.type}: {job.error.detail}") if job.error is not None else left,
    ]


def _age(job: Snapshot) -> str:
    with suppress(ValueError):
        return duration(max(time.time() - parse_utc(job.created_at or job.updated_at), 0.0))
    return "–"
