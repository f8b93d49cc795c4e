"""The job ids that a command line names."""

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from headway.errors import BadInput
from headway.keys import check_job_id

#: The argument of every command that takes several jobs.
Jobs = Annotated[list[str], typer.Argument(metavar="JOB...", help="Job ids; - reads them from stdin.")]


def read_job_ids(names: Iterable[str]) -> list[str]:
    """Every id once, in order, with those from stdin in place of `-`.

    Raises:
        InvalidJobId: no job can have one of these ids.
        BadInput: there is none.
    """
    job_ids = [check_job_id(job_id) for name in names for job_id in (_from_stdin() if name == "-" else [name])]
    if not job_ids:
        raise BadInput("no job id came from stdin")
    return list(dict.fromkeys(job_ids))


def _from_stdin() -> list[str]:
    return sys.stdin.read().split()
