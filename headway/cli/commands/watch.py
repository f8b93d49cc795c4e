"""`headway watch`: follow jobs to their ends."""

import sys
from contextlib import suppress
from typing import Annotated

import typer

from headway.cli.follow import follow
from headway.client import Client
from headway.errors import BadInput, JobNotFound
from headway.keys import check_job_id


def watch(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB...", help="Job ids; - reads them from stdin.")],
    patience: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.1, help="Give up when the API has not answered for so long. Default: never."
        ),
    ] = None,
) -> None:
    """Follow jobs to their ends; the exit status is that of the worst."""
    job_ids = [check_job_id(job_id) for name in jobs for job_id in (_from_stdin() if name == "-" else [name])]
    if not job_ids:
        raise BadInput("no job id came from stdin")
    with Client() as client:
        # A watch goes on while the API is away; one that never began should not.
        with suppress(JobNotFound):
            client.status(job_ids[0])
        raise typer.Exit(follow(client, job_ids, patience))


def _from_stdin() -> list[str]:
    return sys.stdin.read().split()
