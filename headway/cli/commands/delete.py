"""`headway delete`: remove jobs that are over."""

import sys
from typing import Annotated

import typer

from headway.cli.asking import ask
from headway.cli.ends import End
from headway.cli.job_ids import Jobs, read_job_ids
from headway.cli.say import warn
from headway.client import Client


def delete(
    jobs: Jobs, yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask first, as on a terminal.")] = False
) -> None:
    """Remove jobs that are over, with their parameters and results, for everybody."""
    job_ids = read_job_ids(jobs)
    if not yes and sys.stdin.isatty() and not _sure(job_ids):
        warn("nothing was deleted")
        raise typer.Exit(End.INTERRUPTED)
    with Client() as client:
        raise typer.Exit(ask(client.delete, job_ids))


def _sure(job_ids: list[str]) -> bool:
    what = f"job {job_ids[0]}" if len(job_ids) == 1 else f"{len(job_ids)} jobs"
    try:
        return typer.confirm(f"Delete {what} for everybody?", err=True)
    except typer.Abort:
        typer.echo(err=True)
        return False
