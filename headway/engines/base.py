"""The seam between headway and the queue library that runs its jobs."""

from typing import Protocol

from headway.settings import Settings
from headway.snapshot import Spec
from headway.tasks import Task


def engine_job_id(job_id: str, attempt: int) -> str:
    """The engine's own id for one attempt: `<id>`, then `<id>-a2`."""
    return job_id if attempt == 1 else f"{job_id}-a{attempt}"


class Engine(Protocol):
    """What headway asks of a queue library."""

    def enqueue(self, spec: Spec, attempt: int) -> None:
        """Put one attempt of a job into its queue; doing it twice is harmless.

        Raises:
            EngineUnavailable: the queue did not take it.
        """

    def position(self, spec: Spec, attempt: int) -> int | None:
        """A waiting attempt's place in its queue, from 0; None if it is not in it."""

    def close(self) -> None:
        """Close the connections."""


class EngineModule(Protocol):
    """What each module in `headway.engines` offers."""

    def engine(self, settings: Settings) -> Engine:
        """The engine for those who enqueue."""

    def work(self, settings: Settings, tasks: list[Task], queues: list[str], name: str, burst: bool) -> None:
        """Run jobs in this process until it is told to stop; with `burst`, until the queues are empty.

        Raises:
            WorkerEnded: it ended for another reason.
        """
