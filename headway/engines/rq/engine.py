"""The side of those who enqueue: no job code is loaded here."""

from math import ceil

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from rq.utils import as_text

from headway.engines.base import engine_job_id
from headway.engines.rq import ghosts
from headway.engines.rq.queue import HeadwayQueue, queue_name
from headway.engines.rq.record import keep_waiting
from headway.errors import EngineUnavailable, RedisUnavailable
from headway.settings import Settings
from headway.snapshot import Spec
from headway.store.connect import connect

#: The function that every entry of headway's queues asks for; `run_job` under the name that never changes.
ENTRY = "headway.engines.rq.run_job"
_NO_TIMEOUT = -1
_PREFIX = HeadwayQueue.redis_queue_namespace_prefix + queue_name("")


def engine(settings: Settings) -> "RqEngine":
    """The engine for those who enqueue."""
    return RqEngine(settings)


class RqEngine:
    """Puts jobs into RQ's queues, by name."""

    def __init__(self, settings: Settings) -> None:
        self._redis = connect(settings)
        # Redis takes 0 for "now".
        self._keep_s = ceil(settings.keep_s)

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

    def queues(self) -> dict[str, list[str]]:
        """The ids of all that wait in each of headway's queues, first to last.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        try:
            mine = self._queue_keys()
            pipeline = self._redis.pipeline(transaction=False)
            for key in mine:
                pipeline.lrange(key, 0, -1)
            waiting = pipeline.execute()
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer: {error}") from error
        # Somebody else's entry may be no text, and is nobody's place.
        return {
            key.removeprefix(_PREFIX): [job_id.decode(errors="replace") for job_id in job_ids]
            for key, job_ids in zip(mine, waiting, strict=True)
        }

    def keep(self, engine_job_id: str) -> None:
        """Renew the life of the record of an attempt that waits: a worker drops an entry whose record has gone.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        try:
            keep_waiting(self._redis, engine_job_id, self._keep_s)
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer: {error}") from error

    def running(self) -> set[str]:
        """The ids of all that RQ believes to run, or taken by a worker that is about to, in headway's queues.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        try:
            return ghosts.running(self._redis, self._queue_names())
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer: {error}") from error

    def bury(self, engine_job_id: str, *, finished: bool) -> None:
        """Close what RQ believes to run and whose worker has died; closing it twice is harmless.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        try:
            ghosts.bury(self._redis, self._queue_names(), engine_job_id, finished=finished)
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _queue_keys(self) -> list[str]:
        known = [as_text(key) for key in self._redis.smembers(Queue.redis_queues_keys)]
        return sorted(key for key in known if key.startswith(_PREFIX))

    def _queue_names(self) -> list[str]:
        return [key.removeprefix(_PREFIX) for key in self._queue_keys()]

    def _queue(self, spec: Spec) -> HeadwayQueue:
        return HeadwayQueue(queue_name(spec.queue), connection=self._redis, serializer=JSONSerializer)
