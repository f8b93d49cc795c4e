"""One watched job, and one watcher's view of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from api.facts import facts
from headway.errors import Unavailable
from headway.store import Stored


class GoingAway(Unavailable):
    """This process ends; another will answer."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A snapshot as it goes out."""

    stored: Stored
    terminal: bool


@dataclass(eq=False)
class Topic:
    """One watched job: who watches, and the latest of it."""

    job_id: str
    updates: asyncio.Event
    latest: Latest | None = None
    feeds: set["Feed"] = field(default_factory=set)
    named_channel: str | None = None
    # The bytes that `latest` came from, so that a lesson writer's unchanged ones are not adopted again.
    seen: bytes | None = None
    due_at: float = 0.0
    ended: bool = False

    @property
    def foreign(self) -> bool:
        """Whether a lesson writer may write it: it did, or nobody has yet."""
        return self.latest is None or self.latest.stored.adopted

    def offer(self, stored: Stored) -> None:
        """Pass a snapshot on if it is newer than the latest."""
        if self.latest is not None and stored.seq <= self.latest.stored.seq:
            return
        self.latest = Latest(stored, facts(self.job_id, stored).terminal)
        self.wake()

    def end(self) -> None:
        """End every feed."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """Make every feed look."""
        for feed in self.feeds:
            feed.news.set()


class Feed:
    """One watcher's view of a job: always the latest snapshot, never a queue of them."""

    def __init__(self, topic: Topic, after: int | None) -> None:
        self._topic = topic
        self._after = after
        self._seq: int | None = None
        self.news = asyncio.Event()

    async def known(self, deadline_s: float) -> bool:
        """Wait until there is a snapshot; False if there is none in time."""
        try:
            async with asyncio.timeout(deadline_s):
                while self._topic.latest is None:
                    await self._wait()
        except TimeoutError:
            return False
        return True

    async def snapshots(self) -> AsyncIterator[Stored]:
        """The snapshot now, unless its seq is `after`, then each newer one, ending after a terminal one.

        Raises:
            GoingAway: the hub was closed.
        """
        while True:
            latest = self._topic.latest
            if latest is None or (self._seq is not None and latest.stored.seq <= self._seq):
                await self._wait()
                continue
            first = self._seq is None
            self._seq = latest.stored.seq
            if not (first and self._seq == self._after):
                yield latest.stored
            if latest.terminal:
                return

    async def _wait(self) -> None:
        if self._topic.ended:
            raise GoingAway("the server is going away")
        self.news.clear()
        await self.news.wait()
