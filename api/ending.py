"""Ending tasks for certain."""

import asyncio
from typing import Any

_AGAIN_S = 0.1


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks and wait until they are done, whatever they end with.

    A cancel that arrives in the middle of a Redis command can get lost in it: so it is said again.
    """
    begun = [task for task in tasks if task is not None]
    pending = {task for task in begun if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
    for task in begun:
        if not task.cancelled():
            # Looked at, so that nobody says that it was never retrieved.
            task.exception()
