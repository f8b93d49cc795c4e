"""`headway resume`: let paused jobs go on."""

import typer

from headway.cli.asking import ask
from headway.cli.job_ids import Jobs, read_job_ids
from headway.client import Client


def resume(jobs: Jobs) -> None:
    """Let paused jobs go on, or take back a pause that a job has not yet given way to."""
    with Client() as client:
        raise typer.Exit(ask(client.resume, read_job_ids(jobs)))
