"""`headway watch`: follow jobs to their ends."""

from contextlib import suppress
from typing import Annotated

import typer

from headway.cli.follow import follow
from headway.cli.job_ids import Jobs, read_job_ids
from headway.client import Client
from headway.errors import JobNotFound


def watch(
    jobs: Jobs,
    patience: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.1, help="Give up when the API has not answered for so long. Default: never."
        ),
    ] = None,
) -> None:
    """Follow jobs to their ends; the exit status is that of the worst."""
    job_ids = read_job_ids(jobs)
    with Client() as client:
        # A watch goes on while the API is away; one that never began should not.
        with suppress(JobNotFound):
            client.status(job_ids[0])
        raise typer.Exit(follow(client, job_ids, patience))
