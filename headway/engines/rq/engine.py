"""The side of those who enqueue: no job code is loaded here."""

from redis.exceptions import RedisError
from rq.serializers import JSONSerializer

from headway.engines.base import engine_job_id
from headway.engines.rq.queue import HeadwayQueue, queue_name
from headway.errors import EngineUnavailable, RedisUnavailable
from headway.settings import Settings
from headway.snapshot import Spec
from headway.store.connect import connect

#: The function that every entry of headway's queues asks for; `run_job` under the name that never changes.
ENTRY = "headway.engines.rq.run_job"
_NO_TIMEOUT = -1


def engine(settings: Settings) -> "RqEngine":
    """The engine for those who enqueue."""
    return RqEngine(settings)


class RqEngine:
    """Puts jobs into RQ's queues, by name."""

    def __init__(self, settings: Settings) -> None:
        self._redis = connect(settings)
        self._keep_s = int(settings.keep_s)

    def enqueue(self, spec: Spec, attempt: int) -> None:
        """Put one attempt of a job into its queue; doing it twice is harmless.

        Raises:
            EngineUnavailable: the queue did not take it.
        """
        try:
            self._queue(spec).enqueue(
                ENTRY,
                args=(spec.job_id, attempt),
                job_id=engine_job_id(spec.job_id, attempt),
                job_timeout=_NO_TIMEOUT,
                failure_ttl=self._keep_s,
                description=f"{spec.task} {spec.job_id}#{attempt}",
            )
        except (RedisError, OSError) as error:
            raise EngineUnavailable(f"the queue {spec.queue!r} did not take the job: {error}") from error

    def position(self, spec: Spec, attempt: int) -> int | None:
        """A waiting attempt's place in its queue, from 0; None if it is not in it."""
        try:
            position: int | None = self._queue(spec).get_job_position(engine_job_id(spec.job_id, attempt))
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer: {error}") from error
        return position

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _queue(self, spec: Spec) -> HeadwayQueue:
        return HeadwayQueue(queue_name(spec.queue), connection=self._redis, serializer=JSONSerializer)
