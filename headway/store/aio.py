"""The store for the API and other code inside an event loop."""

import asyncio
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from headway.errors import RedisUnavailable, Unreadable
from headway.settings import Settings
from headway.store.calls import SCRIPT, Call, Calls
from headway.store.connect import away, connect_async
from headway.store.stored import Stored, is_own, own, resolve

T = TypeVar("T")


class AsyncStore:
    """Carries out calls on a `redis.asyncio.Redis`, and reads snapshots whoever wrote them.

    Args:
        deadline_s: how long a call may take in all, redis-py's repeats included; None leaves it to these.
    """

    def __init__(self, settings: Settings, redis: Redis | None = None, *, deadline_s: float | None = None) -> None:
        self.calls = Calls(settings)
        self._deadline_s = deadline_s
        self.redis = redis if redis is not None else connect_async(settings)
        self._script = self.redis.register_script(SCRIPT)

    async def run(self, call: Call[T]) -> T:
        """Carry out one call.

        Raises:
            RedisUnavailable: Redis did not answer, or cannot serve now.
        """
        try:
            # redis-py closes a connection whose command is cancelled, so that nobody else gets the late reply.
            async with asyncio.timeout(self._deadline_s):
                return call.parse(await self._answer(call))
        except TimeoutError as error:
            raise RedisUnavailable("Redis does not answer in time") from error
        except (RedisError, OSError) as error:
            raise away(error) or error from error

    async def _answer(self, call: Call[T]) -> Any:
        if call.keys:
            return await self._script(keys=call.keys, args=call.args)
        pipeline = self.redis.pipeline(transaction=False)
        for command in call.commands:
            pipeline.execute_command(*command)
        return await pipeline.execute()

    async def read(self, job_id: str, given: int = 0) -> Stored | None:
        """The latest snapshot, or None for an unknown job.

        Args:
            given: for a lesson writer's, the last seq known of it; a Redis that lost it goes on from there.

        Raises:
            Unreadable: what is stored is no snapshot.
            RedisUnavailable: Redis did not answer.
        """
        raw = await self.run(self.calls.get(job_id))
        if raw is None:
            return None
        return own(job_id, raw) if is_own(raw) else await self._adopted(job_id, given)

    async def read_many(self, job_ids: list[str]) -> list[Stored | None]:
        """The latest snapshots in the order of `job_ids`; None for an unknown or unreadable one."""
        if not job_ids:
            return []
        raws = await self.run(self.calls.get_many(job_ids))
        return [await self._resolve(job_id, raw) for job_id, raw in zip(job_ids, raws, strict=True)]

    async def _resolve(self, job_id: str, raw: bytes | None) -> Stored | None:
        if raw is None:
            return None
        try:
            if is_own(raw):
                return own(job_id, raw)
            return await self._adopted(job_id)
        except Unreadable:
            return None

    async def _adopted(self, job_id: str, given: int = 0) -> Stored | None:
        try:
            return resolve(job_id, await self.run(self.calls.adopt(job_id, given)))
        except ResponseError as error:
            raise Unreadable(job_id, f"its state is not headway's: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
