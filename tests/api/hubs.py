"""Hubs of a test's own, and what their watchers see."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from redis import Redis

from api.auth import local_user
from api.hub import Hub
from api.sessions import Session
from api.sign_in import Local
from api.topic import Topic
from headway.settings import Settings
from headway.store import AsyncStore, Stored


def locally() -> Session:
    """What a socket of the local user has open."""
    return Session(local_user(None), Local(), lambda why: None)


class Nobody:
    """A watcher that takes no notice."""

    def news(self, topic: Topic) -> None:
        """Take no notice."""

    def going_away(self) -> None:
        """Take no notice."""


@asynccontextmanager
async def running_hub(redis_url: str, linger_s: float = 0) -> AsyncIterator[Hub]:
    """A hub and its store, closed at the end of the block."""
    settings = Settings(HEADWAY_REDIS_URL=redis_url)
    store = AsyncStore(settings)
    hub = Hub(settings, store, linger_s=linger_s)
    hub.start()
    try:
        yield hub
    finally:
        await hub.close()
        await store.close()


def with_hub(redis_url: str, test: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    """Run a test in an event loop with a hub under which no job lingers."""

    async def run() -> None:
        async with asyncio.timeout(15), running_hub(redis_url) as hub:
            await test(hub)

    asyncio.run(run())


async def next_of(snapshots: AsyncIterator[Stored], deadline_s: float = 5) -> dict[str, Any]:
    """The next snapshot."""
    stored = await asyncio.wait_for(anext(snapshots), deadline_s)
    members: dict[str, Any] = json.loads(stored.raw)
    return members


async def until(predicate: Callable[[], bool]) -> None:
    """Let the loop go on until something is so."""
    async with asyncio.timeout(5):
        while not predicate():  # noqa: ASYNC110 - what is waited for is in Redis or another task
            await asyncio.sleep(0.01)


def reads(direct: Redis) -> int:
    """How often several jobs were read at once, which is how watched ones are."""
    return int(direct.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])
