"""RQ's queue, whose pushes may be repeated."""

from typing import Any
from uuid import uuid4

from rq import Queue

# A client repeats a command whose reply was lost. RQ would then have the job in its queue twice, and run it twice.
_PUSH_ONCE = """
if redis.call('HGET', KEYS[3], 'headway_push') ~= ARGV[1] then
  redis.call('HSET', KEYS[3], 'headway_push', ARGV[1])
  redis.call('LREM', KEYS[2], 0, ARGV[3])
  redis.call(ARGV[2], KEYS[1], ARGV[3])
end
"""


def queue_name(queue: str) -> str:
    """RQ's name of a queue: the lesson's `Queue("default")` goes on beside headway's."""
    return f"headway-{queue}"


class HeadwayQueue(Queue):
    """Takes a job once for every push, however often Redis is told; the push before it is forgotten.

    RQ moves a job that a worker takes into an intermediate queue, until it starts. If the reply is lost, or the worker
    dies in between, the job stays there, queued and in no queue, until somebody pushes it again.
    """

    def push_job_id(self, job_id: str, pipeline: Any = None, at_front: bool = False) -> None:
        """Put a job at the end of the queue, or at its front, and out of the intermediate queue."""
        connection = self.connection if pipeline is None else pipeline
        keys = (self.key, self.intermediate_queue_key, self.job_class.key_for(job_id))
        connection.eval(_PUSH_ONCE, len(keys), *keys, uuid4().hex, "LPUSH" if at_front else "RPUSH", job_id)
