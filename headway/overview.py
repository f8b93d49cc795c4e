"""What is going on: the jobs under way, the queues, the workers, and what needs a look; one answer for a whole page."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from pydantic import Field

from headway import keys
from headway.snapshot import Snapshot, WireModel
from headway.status import ACTIVE_STATUSES, Status
from headway.store.calls import Call
from headway.workers import WorkerInfo

#: Most jobs that are named; the counts are of all that were looked at.
NAMED_MAX = 20
#: Most waiting jobs that are looked at, those that wait longest; the rest is only counted.
LOOKED_AT_MAX = 200


class QueueLoad(WireModel):
    """What waits and runs in one queue."""

    queue: str
    waiting: int = 0
    active: int = 0
    workers: int = Field(default=0, description="Live workers that serve it.")


class Overview(WireModel):
    """What is going on now."""

    active: int = Field(description="Jobs started, running or paused.")
    waiting: int = Field(description="Jobs that are queued.")
    paused: int
    stalled: int = Field(description="Alive, with no progress for longer than their tasks allow.")
    jobs: list[Snapshot] = Field(default_factory=list, description="The jobs under way, newest first, at most 20.")
    lost: list[Snapshot] = Field(
        default_factory=list, description="Of the newest 50 jobs, those that failed with their worker's death."
    )
    queues: list[QueueLoad] = Field(default_factory=list, description="By name; `waiting` of the first 200 in all.")
    workers: list[WorkerInfo] = Field(default_factory=list)


def first_waiting() -> Call[tuple[int, list[str]]]:
    """How many jobs are queued, and the ids of those that wait longest."""
    commands = (("ZCARD", keys.WAITING), ("ZRANGE", keys.WAITING, 0, LOOKED_AT_MAX - 1))
    return Call(_counted, commands=commands)


def active_ids() -> Call[list[str]]:
    """The ids of all jobs that a worker of headway's runs."""
    return Call(partial(_ids, 0), commands=(("HKEYS", keys.ACTIVE),))


def overview(jobs: Iterable[Snapshot], waiting: int, workers: list[WorkerInfo]) -> Overview:
    """Put together what is known; `jobs` are all that were looked at, in any state."""
    known = sorted(jobs, key=lambda job: job.created_at or job.updated_at, reverse=True)
    active = [job for job in known if job.status in ACTIVE_STATUSES]
    stalled = [job for job in active if job.stalled_since is not None]
    paused = [job for job in active if job.status is Status.PAUSED]
    lost = [job for job in known if job.status is Status.FAILED and job.error and job.error.type == "WorkerLost"]
    return Overview(
        active=len(active),
        waiting=waiting,
        paused=len(paused),
        stalled=len(stalled),
        # What needs a look is named even where many jobs run.
        jobs=(stalled + [job for job in active if job.stalled_since is None])[:NAMED_MAX],
        lost=lost[:NAMED_MAX],
        queues=_loads(known, workers),
        workers=sorted(workers, key=lambda worker: worker.name),
    )


def _loads(jobs: list[Snapshot], workers: list[WorkerInfo]) -> list[QueueLoad]:
    waiting = Counter(job.queue for job in jobs if job.queue and job.status is Status.QUEUED)
    active = Counter(job.queue for job in jobs if job.queue and job.status in ACTIVE_STATUSES)
    served = Counter(queue for worker in workers if worker.alive for queue in worker.queues)
    return [
        QueueLoad(queue=queue, waiting=waiting[queue], active=active[queue], workers=served[queue])
        for queue in sorted({*waiting, *active, *served})
    ]


def _ids(place: int, raw: list[Any]) -> list[str]:
    return [job_id.decode(errors="replace") for job_id in raw[place]]


def _counted(raw: list[Any]) -> tuple[int, list[str]]:
    return int(raw[0]), _ids(1, raw)
