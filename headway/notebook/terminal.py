"""Jobs shown where there is no notebook: as bars in the terminal, until they are over."""

from collections.abc import Iterable

from headway.cli.follow import follow
from headway.client import Client


def show(job_ids: Iterable[str], client: Client) -> None:
    """Draw bars until the jobs are over; Ctrl-C leaves them alone, and they go on."""
    follow(client, job_ids)
