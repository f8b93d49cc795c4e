"""A job that is followed is there no more: deleted by hand, or lost by a Redis that came back empty."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis import Redis

import api.follower
import api.many_socket
from api.follower import Follower
from api.hub import Hub
from api.many_socket import ManySocket
from api.outbox import Outbox
from api.routes.ws import FOLLOW_ONE
from headway.settings import Settings
from headway.store import AsyncStore
from tests.api.hubs import locally
from tests.api.watching import new_id

Said = asyncio.Queue[dict[str, Any]]
Open = Callable[[Hub, Outbox, str], Awaitable[Any]]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (api.follower, api.many_socket):
        monkeypatch.setattr(module, "UNKNOWN_S", 0.8)


async def one(hub: Hub, outbox: Outbox, job_id: str) -> Follower:
    socket = Follower(hub, outbox, locally(), FOLLOW_ONE)
    await socket.follow(job_id, None)
    return socket


async def many(hub: Hub, outbox: Outbox, job_id: str) -> ManySocket:
    socket = ManySocket(hub, outbox, locally())
    await socket.take(json.dumps({"op": "subscribe", "jobs": {job_id: None}}))
    return socket


@asynccontextmanager
async def following(redis_url: str, job_id: str, open_one: Open) -> AsyncIterator[Said]:
    """What a client is sent, once it has had the first snapshot."""
    said: Said = asyncio.Queue()
    settings = Settings(HEADWAY_REDIS_URL=redis_url)
    store = AsyncStore(settings)
    hub = Hub(settings, store, linger_s=0)
    hub.start()
    try:
        async with asyncio.timeout(10):
            socket = await open_one(hub, Outbox(said.put), job_id)
            assert kind(await said.get()) == "snapshot"
            yield said
            socket.leave()
    finally:
        await hub.close()
        await store.close()


def kind(message: dict[str, Any]) -> str:
    """What a message of either socket says: `snapshot`, `unknown` or something else."""
    if message["type"] == "websocket.close":
        return "unknown" if message["code"] == 4404 else str(message)
    content = json.loads(message["text"])
    if content.get("type") == "error":
        return "unknown" if content["status"] == 404 else str(content)
    return "snapshot"


def put(redis: Redis, job_id: str, percent: int) -> None:
    redis.set(f"job:{job_id}:progress", json.dumps({"status": "running", "percent": percent}))


@pytest.mark.parametrize("open_one", [one, many])
def test_whoever_follows_a_job_that_is_there_no_more_is_told(redis_url: str, direct: Redis, open_one: Open) -> None:
    job_id = new_id()

    async def test() -> None:
        async with following(redis_url, job_id, open_one) as said:
            direct.delete(f"job:{job_id}:progress")
            assert kind(await said.get()) == "unknown"
            assert said.empty()

    put(direct, job_id, 1)
    asyncio.run(test())


@pytest.mark.parametrize("open_one", [one, many])
def test_whoever_follows_a_job_that_redis_lost_is_told(redis_url: str, direct: Redis, open_one: Open) -> None:
    job_id = new_id()

    async def test() -> None:
        async with following(redis_url, job_id, open_one) as said:
            # Both at once: the hub is to find nothing when it is back.
            direct.pipeline().delete(f"job:{job_id}:progress").client_kill_filter(_type="pubsub").execute()
            assert kind(await said.get()) == "unknown"

    put(direct, job_id, 1)
    asyncio.run(test())


def test_the_seq_of_a_lesson_job_rises_although_redis_lost_it(redis_url: str, direct: Redis) -> None:
    job_id = new_id()

    async def test() -> None:
        async with following(redis_url, job_id, one) as said:
            for percent in (2, 3):
                put(direct, job_id, percent)
                await said.get()
            direct.flushall()
            put(direct, job_id, 4)
            assert json.loads((await said.get())["text"])["seq"] == 4
            put(direct, job_id, 5)
            assert json.loads((await said.get())["text"])["seq"] == 5

    put(direct, job_id, 1)
    asyncio.run(test())


@pytest.mark.parametrize("open_one", [one, many])
def test_a_job_that_is_soon_there_again_is_followed_on(redis_url: str, direct: Redis, open_one: Open) -> None:
    job_id = new_id()

    async def test() -> None:
        async with following(redis_url, job_id, open_one) as said:
            for percent in (2, 3):
                direct.delete(f"job:{job_id}:progress")
                direct.publish(f"job:{job_id}:updates", "")
                await asyncio.sleep(0.4)
                put(direct, job_id, percent)
                assert kind(await said.get()) == "snapshot"
            # Longer than it may be unknown.
            await asyncio.sleep(1)
            assert said.empty()

    put(direct, job_id, 1)
    asyncio.run(test())
