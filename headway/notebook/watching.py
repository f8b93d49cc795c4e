"""`watch`, `submit` and `run`: jobs in a cell."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, overload

from headway.client import Client
from headway.keys import check_job_id
from headway.notebook import colab, terminal
from headway.notebook.face import Face, face
from headway.notebook.handle import Handle
from headway.snapshot import Snapshot

Job = str | Snapshot | Handle


@lru_cache(maxsize=1)
def default_client() -> Client:
    """The client that every bar of this kernel shares, made from the settings."""
    return Client()


class Handles(list[Handle]):
    """Several jobs that are shown together."""

    def wait(self, timeout: float | None = None) -> list[Snapshot | None]:
        """Wait for each in turn, at most so many seconds each; errors as `Handle.wait`."""
        return [handle.wait(timeout) for handle in self]

    def close(self) -> None:
        """Stop following them; they go on."""
        for handle in self:
            handle.close()

    def _ipython_display_(self) -> None:
        """Nothing: as a cell's last value they are on show already."""


@overload
def watch(job: Job, *, client: Client | None = None) -> Handle: ...
@overload
def watch(job: list[Job] | tuple[Job, ...], *, client: Client | None = None) -> Handles: ...
def watch(job: Job | list[Job] | tuple[Job, ...], *, client: Client | None = None) -> Handle | Handles:
    """Show how far a job is in this cell's output, or several; run it again, in any kernel, and it is there again.

    In a notebook the cell ends at once and the bar goes on; in a terminal, a script and in Colab it blocks until the
    job is over.

    Args:
        job: a job id, what `submit` returned, or a list of these.
        client: None makes one from the settings for all bars together.

    Raises:
        InvalidJobId: no job can have this id.
    """
    jobs = job if isinstance(job, list | tuple) else [job]
    handles = Handles(_handle(each, client or default_client()) for each in jobs)
    match face():
        case Face.NOTEBOOK:
            for handle in handles:
                handle.show()
        case Face.COLAB:
            colab.show(handles)
        case Face.TERMINAL:
            terminal.show([handle.job_id for handle in handles], client or default_client())
    return handles if isinstance(job, list | tuple) else handles[0]


def submit(
    task: str,
    params: Mapping[str, Any] | None = None,
    /,
    *,
    client: Client | None = None,
    queue: str | None = None,
    **more: Any,
) -> Handle:
    """Ask for a job and return at once; `params`, `queue`, `more` and errors as for `Client.submit`."""
    asked = client or default_client()
    snapshot = asked.submit(task, params, queue=queue, **more)
    return Handle(snapshot.job_id, snapshot, asked)


def run(
    task: str,
    params: Mapping[str, Any] | None = None,
    /,
    *,
    client: Client | None = None,
    queue: str | None = None,
    **more: Any,
) -> Handle:
    """Ask for a job and show it as `watch` does; arguments and errors as for `submit`."""
    handle = submit(task, params, client=client, queue=queue, **more)
    return watch(handle, client=client)


def _handle(job: Job, client: Client) -> Handle:
    """A handle of its own for every output."""
    if isinstance(job, Handle):
        return job if not job.shown else Handle(job.job_id, job.snapshot, client)
    if isinstance(job, Snapshot):
        return Handle(job.job_id, job, client)
    return Handle(check_job_id(job), None, client)
