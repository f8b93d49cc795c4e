"""The seam between headway and the queue library that runs its jobs."""

import re
from typing import Protocol

from headway.settings import Settings
from headway.snapshot import Spec
from headway.tasks import Task

_LATER_ATTEMPT = re.compile(r"(.+)-a([2-9]|[1-9][0-9]+)")


def engine_job_id(job_id: str, attempt: int) -> str:
    """The engine's own id for one attempt: `<id>`, then `<id>-a2`."""
    return job_id if attempt == 1 else f"{job_id}-a{attempt}"


def attempts_of(engine_job_id: str) -> list[tuple[str, int]]:
    """The attempts, as job id and number, that have this id: two, if a job's own id ends like a later attempt's."""
    later = _LATER_ATTEMPT.fullmatch(engine_job_id)
    return [(engine_job_id, 1)] + ([(later[1], int(later[2]))] if later else [])


class Engine(Protocol):
    """What headway asks of a queue library."""

    def enqueue(self, spec: Spec, attempt: int) -> None:
        """Put one attempt of a job into its queue; doing it twice is harmless.

        Raises:
            EngineUnavailable: the queue did not take it.
        """

    def position(self, spec: Spec, attempt: int) -> int | None:
        """A waiting attempt's place in its queue, from 0; None if it is not in it."""

    def queues(self) -> dict[str, list[str]]:
        """The ids, as `engine_job_id` makes them, of all that wait in each queue, first to last.

        Raises:
            RedisUnavailable: Redis did not answer.
        """

    def keep(self, engine_job_id: str) -> None:
        """Renew the life of what the engine keeps of an attempt that waits; of any other it is left as it is.

        Raises:
            RedisUnavailable: Redis did not answer.
        """

    def running(self) -> set[str]:
        """The ids, as `engine_job_id` makes them, of all that the engine believes to run, or about to.

        Raises:
            RedisUnavailable: Redis did not answer.
        """

    def bury(self, engine_job_id: str, *, finished: bool) -> None:
        """Close what the engine believes to run and whose worker has died; closing it twice is harmless.

        Raises:
            RedisUnavailable: Redis did not answer.
        """

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
