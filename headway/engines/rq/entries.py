"""What lies in a queue: one attempt at a job, another worker's, or something that nobody can run."""

import time
from dataclasses import dataclass

from redis.exceptions import ResponseError
from rq import Queue
from rq.exceptions import DeserializationError
from rq.job import Job

from headway import workers
from headway.engines.base import attempts_of
from headway.engines.rq.engine import ENTRY
from headway.errors import InvalidJobId, JobNotFound, RedisUnavailable, Unreadable
from headway.outside import fail_lost
from headway.patience import patiently
from headway.presence import Presence
from headway.snapshot import JobError, Spec
from headway.store import Store

_PASS_ON_S = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a queue, as it was read; `unusable` says why it cannot be run, and `spec` is None then."""

    spec: Spec | None = None
    unusable: str = ""


class Entries:
    """Reads what one worker takes from its queues, and deals with what it does not run."""

    def __init__(self, store: Store, presence: Presence, outage_s: float) -> None:
        self._store = store
        self._presence = presence
        self._outage_s = outage_s
        self._passed_on_s: dict[str, float] = {}

    def read(self, job: Job) -> Entry:
        """What RQ's job asks for.

        Raises:
            RedisUnavailable: Redis was away for too long.
        """
        try:
            if job.func_name != ENTRY:
                return Entry(unusable=f"it asks for {job.func_name!r}, and headway's queues take headway's jobs alone")
            job_id, attempt = job.args
            if not isinstance(attempt, int):
                return Entry(unusable="its arguments are not those of a job of headway's")
            spec = patiently(lambda: self._store.run(self._store.calls.spec(job_id)), self._outage_s)
        except (DeserializationError, TypeError, ValueError, ResponseError, Unreadable) as error:
            return Entry(unusable=f"it cannot be read ({type(error).__name__})")
        return Entry(spec) if spec is not None else Entry(unusable="what was asked for is no longer kept")

    def is_for_others(self, spec: Spec) -> bool:
        """Whether another worker has the task's code; a task that nobody knows is for this one, to say so."""
        if self._presence.runs(spec.task):
            return False
        known = patiently(lambda: self._store.run(workers.catalogue()), self._outage_s)
        return any(info.name == spec.task for info in known)

    def pass_on(self, job: Job, queue: Queue) -> None:
        """Put a job to the end of its queue, and meet it again after a second at the earliest.

        So a queue full of others' jobs costs next to nothing.
        """
        queue.push_job_id(job.id)
        now_s = time.monotonic()
        self._passed_on_s = {known: at_s for known, at_s in self._passed_on_s.items() if now_s - at_s < _PASS_ON_S}
        met_s = self._passed_on_s.get(job.id)
        if met_s is not None:
            time.sleep(max(0.0, met_s + _PASS_ON_S - now_s))
        self._passed_on_s[job.id] = time.monotonic()

    def fail(self, job: Job, why: str) -> None:
        """End as failed the job of headway's that an unusable entry stands for, if it stands for one."""
        error = JobError(type="Unusable", detail=f"the job could not be run: {why}")
        for job_id, attempt in attempts_of(job.id):
            try:
                fail_lost(self._store, job_id, attempt, error, self._presence.name, unstarted=True, final=True)
            except (JobNotFound, InvalidJobId, Unreadable, RedisUnavailable, ResponseError):
                continue
