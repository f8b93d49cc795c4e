"""`headway retry`: run jobs that are over once more."""

import typer

from headway.cli.asking import ask
from headway.cli.job_ids import Jobs, read_job_ids
from headway.client import Client


def retry(jobs: Jobs) -> None:
    """Let jobs that are over wait in their queues again, each as its next attempt."""
    with Client() as client:
        raise typer.Exit(ask(client.retry, read_job_ids(jobs)))
