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
# What RQ gave a record that it closed is shorter than what a beat gives one that runs.
_KEEP_UNLESS_CLOSED = """
local status = redis.call('HGET', KEYS[1], 'status')
for n = 2, #ARGV do
  if status == ARGV[n] and redis.call('TTL', KEYS[1]) >= 0 then
    return
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
_CLOSED = (JobStatus.FINISHED.value, JobStatus.FAILED.value, JobStatus.STOPPED.value, JobStatus.CANCELED.value)


class Record(Job):
    """RQ's job, which is kept for its `failure_ttl` from the last word of it on, in seconds, and not for ever.

    RQ gives a record an end when it closes the job. A process can be killed before that, and what it had sent on its
    way may come after it was closed by somebody else. Of a job that waits nothing is said: see `headway.lives`.
    """

    def save(self, pipeline: Any = None, include_meta: bool = True, include_result: bool = True) -> None:
        """Write it all; see `rq.job.Job`."""
        with self._at_once(pipeline) as both:
            super().save(both, include_meta, include_result)
            if self.failure_ttl is not None:
                both.expire(self.key, self.failure_ttl)

    def heartbeat(self, timestamp: datetime, ttl: int, pipeline: Any = None, xx: bool = False) -> None:
        """Say that it runs, which begins its time anew unless it was closed meanwhile; see `rq.job.Job`."""
        with self._at_once(pipeline) as both:
            super().heartbeat(timestamp, ttl, both, xx)
            if self.failure_ttl is not None:
                both.eval(_KEEP_UNLESS_CLOSED, 1, self.key, self.failure_ttl, *_CLOSED)

    @contextmanager
    def _at_once(self, pipeline: Any) -> Iterator[Any]:
        """What is written in here is one transaction: the caller's, or one of its own."""
        with nullcontext(pipeline) if pipeline is not None else self.connection.pipeline() as both:
            yield both
            if pipeline is None:
                both.execute()


def keep_waiting(redis: Redis, engine_job_id: str, keep_s: int) -> None:
    """Have the record of an attempt end after `keep_s` from now, if the attempt waits."""
    redis.eval(_KEEP_WAITING, 1, Record.key_for(engine_job_id), JobStatus.QUEUED.value, keep_s)
