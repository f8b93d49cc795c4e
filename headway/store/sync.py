"""The store for workers and other synchronous code."""

from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from headway.errors import Unreadable
from headway.settings import Settings
from headway.store.calls import SCRIPT, Call, Calls
from headway.store.connect import away, connect
from headway.store.line import ScriptLine
from headway.store.stored import Stored, is_own, own, resolve

T = TypeVar("T")


class Store:
    """Carries out calls on a `redis.Redis`, and reads snapshots whoever wrote them."""

    def __init__(self, settings: Settings, redis: Redis | None = None) -> None:
        self.calls = Calls(settings)
        self.redis = redis if redis is not None else connect(settings)
        self._line = ScriptLine(self.redis, SCRIPT)

    def run(self, call: Call[T]) -> T:
        """Carry out one call.

        Raises:
            RedisUnavailable: Redis did not answer, or cannot serve now.
        """
        try:
            if call.keys:
                return call.parse(self._line.run(call.keys, call.args))
            pipeline = self.redis.pipeline(transaction=False)
            for command in call.commands:
                pipeline.execute_command(*command)
            return call.parse(pipeline.execute())
        except (RedisError, OSError) as error:
            raise away(error) or error from error

    def read(self, job_id: str) -> Stored | None:
        """The latest snapshot, or None for an unknown job.

        Raises:
            Unreadable: what is stored is no snapshot.
            RedisUnavailable: Redis did not answer.
        """
        raw = self.run(self.calls.get(job_id))
        if raw is None:
            return None
        return own(job_id, raw) if is_own(raw) else self._adopted(job_id)

    def _adopted(self, job_id: str) -> Stored | None:
        try:
            return resolve(job_id, self.run(self.calls.adopt(job_id)))
        except ResponseError as error:
            raise Unreadable(job_id, f"its state is not headway's: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self._line.close()
        self.redis.close()
