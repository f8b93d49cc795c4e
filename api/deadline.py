"""How long a request waits for Redis until it is answered without."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import to_thread

from headway.errors import RedisUnavailable

Args = TypeVarTuple("Args")
T = TypeVar("T")

#: Seconds; less than any client waits, so that a Redis that hangs is said to hang.
ANSWER_S = 3.0


async def in_thread(function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    """Call blocking code in a thread, and wait for it no longer than `ANSWER_S`.

    Raises:
        RedisUnavailable: it has not returned in time. It goes on by itself, and may yet do what it was called for.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            return await to_thread.run_sync(function, *args, abandon_on_cancel=True)
    except TimeoutError:
        raise RedisUnavailable("Redis does not answer in time") from None
