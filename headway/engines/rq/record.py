"""RQ's record of an attempt: it always has an end."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from redis import Redis
from rq.job import Job, JobStatus

# It may be taken meanwhile, or closed. A key of another kind is somebody else's, and no reason to fail.
_KEEP_WAITING = """
if redis.pcall('HGET', KEYS[1], 'status') == ARGV[1] then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
"""


class Record(Job):
    """RQ's job, which is kept for its `failure_ttl` from the last word of it on, in seconds, and not for ever.

    RQ gives a record an end when it closes the job. A process can be killed before that, and what it had sent on its
    way may come after it was closed by somebody else. Of a job that waits nothing is said: see `headway.lives`.
    """

    def save(self, pipeline: Any = None, include_meta: bool = True, include_result: bool = True) -> None:
        """Write it all; see `rq.job.Job`."""
        with self._renewed(pipeline) as both:
            super().save(both, include_meta, include_result)

    def heartbeat(self, timestamp: datetime, ttl: int, pipeline: Any = None, xx: bool = False) -> None:
        """Say that it runs; see `rq.job.Job`."""
        with self._renewed(pipeline) as both:
            super().heartbeat(timestamp, ttl, both, xx)

    @contextmanager
    def _renewed(self, pipeline: Any) -> Iterator[Any]:
        """What is written in here begins its time anew, in the same transaction."""
        with nullcontext(pipeline) if pipeline is not None else self.connection.pipeline() as both:
            yield both
            if self.failure_ttl is not None:
                both.expire(self.key, self.failure_ttl)
            if pipeline is None:
                both.execute()


def keep_waiting(redis: Redis, engine_job_id: str, keep_s: int) -> None:
    """Have the record of an attempt end after `keep_s` from now, if the attempt waits."""
    redis.eval(_KEEP_WAITING, 1, Record.key_for(engine_job_id), JobStatus.QUEUED.value, keep_s)
