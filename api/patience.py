"""How long this process waits for something to answer: not as long once it is to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: How long those who wait then still have, in seconds: less than the server gives them.
ENDING_S = 0.5


class Patience:
    """Deadlines that come forward when the process ends."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Timeout] = set()
        self._ending = False

    def end(self) -> None:
        """Bring all deadlines forward, those that are to come too."""
        self._ending = True
        for waiting in self._waiting:
            _bring_forward(waiting)

    @asynccontextmanager
    async def until(self, deadline: float | None) -> AsyncIterator[None]:
        """Break the block off at `deadline`, a time of the event loop's; None sets none.

        Raises:
            TimeoutError: it was broken off.
        """
        async with asyncio.timeout_at(deadline) as waiting:
            self._waiting.add(waiting)
            try:
                if self._ending:
                    _bring_forward(waiting)
                yield
            finally:
                self._waiting.discard(waiting)


def _bring_forward(waiting: asyncio.Timeout) -> None:
    soon = asyncio.get_running_loop().time() + ENDING_S
    when = waiting.when()
    if not waiting.expired():
        waiting.reschedule(soon if when is None else min(when, soon))
