"""`%headway`: jobs by short commands in a cell."""

import shlex
from collections.abc import Callable

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from headway.client import Client
from headway.errors import HeadwayError
from headway.notebook.text import plain
from headway.notebook.watching import default_client, watch
from headway.snapshot import Snapshot

_USAGE = "%headway ls  |  %headway watch JOB…  |  %headway pause|resume|cancel|retry JOB…"
_LISTED = 20


def headway(line: str) -> None:
    """Do what the words after `%headway` ask for.

    Raises:
        UsageError: they are no such command, or the API refused; the sentence says why.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}; {_USAGE}") from None
    command, job_ids = (words[0] if words else ""), words[1:]
    try:
        if command == "ls" and not job_ids:
            _list(default_client())
        elif command == "watch" and job_ids:
            watch(list(job_ids))
        elif command in _ACTIONS and job_ids:
            for job_id in job_ids:
                print(_line(_ACTIONS[command](default_client(), job_id)))
        else:
            raise UsageError(_USAGE)
    except HeadwayError as error:
        raise UsageError(str(error)) from None


_ACTIONS: dict[str, Callable[[Client, str], Snapshot]] = {
    "pause": Client.pause,
    "resume": Client.resume,
    "cancel": Client.cancel,
    "retry": Client.retry,
}


def _list(client: Client) -> None:
    jobs = client.jobs(limit=_LISTED).jobs
    print("\n".join(_line(job) for job in jobs) or "no jobs yet")


def _line(snapshot: Snapshot) -> str:
    return plain(snapshot.job_id, snapshot, "")


def register(shell: InteractiveShell | None) -> None:
    """Make `%headway` known to this IPython; nothing where there is none."""
    if shell is not None:
        shell.magics_manager.register_function(headway, magic_name="headway")
