"""`headway pause`: let jobs stand still."""

import typer

from headway.cli.asking import ask
from headway.cli.job_ids import Jobs, read_job_ids
from headway.client import Client


def pause(jobs: Jobs) -> None:
    """Let jobs stand still: a waiting one does not begin, a running one stops at its next step."""
    with Client() as client:
        raise typer.Exit(ask(client.pause, read_job_ids(jobs)))
