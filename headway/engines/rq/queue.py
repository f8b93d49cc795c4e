"""RQ's queue, whose pushes may be repeated, and whose worker may be told to stop while it waits."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

from redis import Redis
from rq import Queue
from rq.exceptions import StopRequested

from headway.engines.rq.record import Record

# A client repeats a command whose reply was lost. RQ would then have the job in its queue twice, and run it twice.
# Where its record has gone, the mark alone lies there, and nobody else would give it an end.
_PUSH_ONCE = """
if redis.call('HGET', KEYS[3], 'headway_push') ~= ARGV[1] then
  redis.call('HSET', KEYS[3], 'headway_push', ARGV[1])
  if redis.call('HLEN', KEYS[3]) == 1 then
    redis.call('EXPIRE', KEYS[3], ARGV[4])
  end
  redis.call('LREM', KEYS[2], 0, ARGV[3])
  redis.call(ARGV[2], KEYS[1], ARGV[3])
end
"""
# For longer than any client repeats a push.
_MARK_S = 3_600


def queue_name(queue: str) -> str:
    """RQ's name of a queue: the lesson's `Queue("default")` goes on beside headway's."""
    return f"headway-{queue}"


class HeadwayQueue(Queue):
    """RQ's queue: it takes a job once for every push, however often Redis is told; the push before it is forgotten.

    RQ moves a job that a worker takes into an intermediate queue, until it starts. If the reply is lost, or the worker
    dies in between, the job stays there, queued and in no queue, until somebody pushes it again.
    """

    job_class = Record
    #: Whether this process waits for a job, so that it may be interrupted: it has none in its hand.
    waits: ClassVar[bool] = False
    #: Whether this process takes no more jobs.
    closed: ClassVar[bool] = False

    @classmethod
    def dequeue_any(cls, *args: Any, **kwargs: Any) -> Any:
        """Take a job out of the first queue that has one; see `rq.Queue`.

        Raises:
            StopRequested: this process takes no more jobs. RQ goes on through an outage without looking whether it may.
        """
        if HeadwayQueue.closed:
            raise StopRequested
        return super().dequeue_any(*args, **kwargs)

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> Any:
        """Take a job out of one queue; see `rq.Queue`."""
        return cls._taken(partial(super().lmove, connection, queue_key), timeout)

    @classmethod
    def lpop(cls, queue_keys: Sequence[str], timeout: int | None, connection: Redis | None = None) -> Any:
        """Take a job out of one of several queues; see `rq.Queue`."""
        return cls._taken(partial(super().lpop, queue_keys, connection=connection), timeout)

    @classmethod
    def _taken(cls, take: Callable[..., Any], timeout: int | None) -> Any:
        """A job that is there, or else one that is waited for."""
        if HeadwayQueue.closed:
            raise StopRequested
        # Without waiting, and so without being interrupted while a job is on its way.
        taken = take(timeout=None)
        if taken is not None or timeout is None:
            return taken
        HeadwayQueue.waits = True
        try:
            # It may have been told so between the two.
            if HeadwayQueue.closed:
                raise StopRequested
            return take(timeout=timeout)
        finally:
            HeadwayQueue.waits = False

    def push_job_id(self, job_id: str, pipeline: Any = None, at_front: bool = False) -> None:
        """Put a job at the end of the queue, or at its front, and out of the intermediate queue."""
        connection = self.connection if pipeline is None else pipeline
        keys = (self.key, self.intermediate_queue_key, self.job_class.key_for(job_id))
        push = "LPUSH" if at_front else "RPUSH"
        connection.eval(_PUSH_ONCE, len(keys), *keys, uuid4().hex, push, job_id, _MARK_S)
