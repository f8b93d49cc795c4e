"""`headway logs`: what a job wrote into its log."""

from typing import Annotated

import typer

from headway.cli.ends import end_of_job
from headway.cli.lines import clean
from headway.cli.say import say
from headway.client import Client


def logs(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the job is over; the exit status is then the job's.")
    ] = False,
    times: Annotated[bool, typer.Option("--times", "-t", help="Begin each line with its time (UTC).")] = False,
) -> None:
    """Print a job's log: what it printed and logged, and what it said by log()."""
    with Client() as client:
        for line in client.logs(job, follow=follow):
            say(f"{line.at} {clean(line.line)}" if times else clean(line.line))
        if follow:
            raise typer.Exit(end_of_job(client.status(job)))
