"""`headway cancel`: end jobs."""

import typer

from headway.cli.asking import ask
from headway.cli.job_ids import Jobs, read_job_ids
from headway.client import Client


def cancel(jobs: Jobs) -> None:
    """End jobs: a waiting one at once, a running one at its next step, its clean-up done."""
    with Client() as client:
        raise typer.Exit(ask(client.cancel, read_job_ids(jobs)))
