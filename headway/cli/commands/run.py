"""`headway run`: submit a job."""

from typing import Annotated

import typer

from headway.cli.follow import follow
from headway.cli.params import read_params
from headway.cli.say import say, warn
from headway.cli.uploads import uploaded
from headway.client import Client


def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name; `headway tasks` lists them.")],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--param", metavar="KEY=VALUE", help="A parameter, read as the task's schema has it; again for more."
        ),
    ] = None,
    params: Annotated[str | None, typer.Option("--params", metavar="JSON", help="A JSON object of parameters.")] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="NAME", help="Where it waits. Default: the task's own queue.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end, instead of printing its id.")] = False,
) -> None:
    """Submit a job and print its id."""
    with Client() as client:
        info = client.task(task)
        asked = read_params(info, given or [], params)
        job = client.submit(task, uploaded(client, info, asked), queue=queue)
        if not info.workers:
            warn("no worker serves this task now; the job waits until one does")
        if not watch:
            say(job.job_id)
            return
        raise typer.Exit(follow(client, [job.job_id]))
