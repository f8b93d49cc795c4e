"""The process's one subscription connection."""

import asyncio
from collections.abc import Callable

from redis import Redis

from api.listener import Listener
from headway.settings import Settings


async def until(predicate: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not predicate():  # noqa: ASYNC110 - what is waited for is in Redis
            await asyncio.sleep(0.01)


def test_a_channel_can_be_had_after_a_time_with_none(redis_url: str) -> None:
    def pings() -> int:
        stats = direct.info("commandstats")
        return int(stats.get("cmdstat_ping", {"calls": 0})["calls"])

    async def test() -> None:
        listener = Listener(
            Settings(HEADWAY_REDIS_URL=redis_url),
            on_message=lambda channel, payload: heard.append(payload),
            on_confirmed=lambda channel: None,
            on_lost=lambda: None,
            ping_s=0.02,
        )
        listener.start()
        try:
            await asyncio.wait_for(listener.listen("first").wait(), 15)
            listener.ignore("first")
            await until(lambda: listener.channels == 0)
            idle_since = pings()
            await until(lambda: pings() > idle_since + 5)
            await asyncio.wait_for(listener.listen("second").wait(), 15)
            direct.publish("second", b"news")
            await until(lambda: heard == [b"news"])
        finally:
            await listener.close()

    heard: list[bytes] = []
    with Redis.from_url(redis_url) as direct:
        asyncio.run(test())


def test_a_message_that_cannot_be_taken_ends_no_listening(redis_url: str) -> None:
    async def test() -> None:
        listener = Listener(
            Settings(HEADWAY_REDIS_URL=redis_url),
            on_message=take,
            on_confirmed=confirmed.append,
            on_lost=lambda: None,
        )
        listener.start()
        try:
            await asyncio.wait_for(listener.listen("first").wait(), 15)
            direct.publish("first", b"bad")
            await until(lambda: confirmed == ["first", "first"])
            direct.publish("first", b"good")
            await until(lambda: heard == [b"bad", b"good"])
        finally:
            await listener.close()

    def take(channel: str, payload: bytes) -> None:
        heard.append(payload)
        if payload == b"bad":
            raise ValueError(payload)

    heard: list[bytes] = []
    confirmed: list[str] = []
    with Redis.from_url(redis_url) as direct:
        asyncio.run(test())
