"""Work that is worth doing only while the client waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive

from api.ending import end

T = TypeVar("T")


async def until_left(receive: Receive) -> None:
    """Wait until the client of a request has left, or has its whole answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_waited_for(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Do `work`; None if the client left before it was done."""
    working = asyncio.create_task(work, name="headway-waited-for")
    leaving = asyncio.create_task(until_left(request.receive), name="headway-leaving")
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await end(working, leaving)
