"""One coroutine's view of a watched job."""

import asyncio
from collections.abc import AsyncIterator

from api.topic import Latest, Topic
from headway.errors import HeadwayError, Unavailable
from headway.store import Stored


class GoingAway(Unavailable):
    """This process ends; another will answer."""


class Feed:
    """Always the latest snapshot, never a queue of them."""

    def __init__(self, topic: Topic, after: int | None) -> None:
        self._topic = topic
        self._after = after
        self._news = asyncio.Event()
        self._ended = False

    @property
    def latest(self) -> Latest | None:
        """The snapshot now; None while there is none."""
        return self._topic.latest

    def why_none(self) -> HeadwayError:
        """Why there is none."""
        return self._topic.why_none()

    def news(self, topic: Topic) -> None:
        """Wake whoever waits."""
        self._news.set()

    def going_away(self) -> None:
        """End the waiting."""
        self._ended = True
        self._news.set()

    async def newer(self, seq: int) -> Latest:
        """Wait for a snapshot with a larger seq.

        Raises:
            GoingAway: the hub was closed.
        """
        while True:
            if self._topic.latest is not None and self._topic.latest.seq > seq:
                return self._topic.latest
            if self._ended:
                raise GoingAway("the server is going away")
            self._news.clear()
            await self._news.wait()

    async def snapshots(self) -> AsyncIterator[Stored]:
        """The snapshot now, unless its seq is `after`, then each newer one, ending after a terminal one.

        Raises:
            GoingAway: the hub was closed.
        """
        seq = 0
        while True:
            latest = await self.newer(seq)
            first, seq = seq == 0, latest.seq
            if not (first and seq == self._after):
                yield latest.stored
            if latest.terminal:
                return
