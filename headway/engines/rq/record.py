"""RQ's record of an attempt: it always has an end."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
