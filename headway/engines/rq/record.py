"""RQ's record of an attempt: it always has an end."""

from datetime import datetime
from typing import Any

from rq.job import Job


class Record(Job):
    """RQ's job, which is kept for its `failure_ttl` from the last word of it on, in seconds, and not for ever.

    RQ gives a record an end when it closes the job. A process can be killed before that, and what it had sent on its
    way may come after it was closed by somebody else.
    """

    def save(self, pipeline: Any = None, include_meta: bool = True, include_result: bool = True) -> None:
        """Write it all; see `rq.job.Job`."""
        if pipeline is None:
            with self.connection.pipeline() as both:
                self.save(both, include_meta, include_result)
                both.execute()
            return
        super().save(pipeline, include_meta, include_result)
        self.renew(pipeline)

    def heartbeat(self, timestamp: datetime, ttl: int, pipeline: Any = None, xx: bool = False) -> None:
        """Say that it runs; see `rq.job.Job`."""
        super().heartbeat(timestamp, ttl, pipeline, xx)
        self.renew(self.connection if pipeline is None else pipeline)

    def renew(self, connection: Any) -> None:
        """Begin its time anew."""
        if self.failure_ttl is not None:
            connection.expire(self.key, self.failure_ttl)
