"""The subscription to Redis is lost just when somebody comes, or while they wait for a job to be there."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import api.follower
import api.hub
import api.many_socket
from api.follower import Follower
from api.hub import Hub
from api.many_socket import ManySocket
from api.outbox import Outbox
from api.routes.ws import FOLLOW_ONE
from headway import keys
from headway.errors import RedisUnavailable
from headway.stack.redis_server import RedisServer
from tests.api.conftest import Write
from tests.api.hubs import Nobody, locally, running_hub
from tests.api.watching import new_id


async def come(hub: Hub, job_ids: list[str]) -> list[bool]:
    """Watch jobs; whether each is there once they are settled."""
    watcher = Nobody()
    topics = [hub.attach(job_id, watcher) for job_id in job_ids]
    try:
        assert await hub.settle(topics) == {}
        return [topic.latest is not None for topic in topics]
    finally:
        for topic in topics:
            hub.detach(topic, watcher)


def test_a_job_that_is_there_is_never_taken_for_unknown(redis_url: str, direct: Redis, write_job: Write) -> None:
    # A lesson writer's takes longer to read.
    jobs = [write_job(redis_url).id, new_id()]
    direct.set(keys.snapshot(jobs[1]), '{"status": "running", "percent": 5}')

    async def come_while_it_is_lost(hub: Hub, turns: int) -> list[bool]:
        coming = asyncio.create_task(come(hub, jobs))
        for turn in itertools.count():
            if turn == turns:
                direct.client_kill_filter(_type="pubsub")
            # What the hub sent to Redis in this turn of the loop is answered by the next one.
            direct.ping()
            await asyncio.sleep(0)
            if coming.done():
                break
        return coming.result()

    async def run() -> None:
        async with running_hub(redis_url) as hub:
            for turns in range(20):
                assert await come(hub, jobs[:1]) == [True]
                assert await come_while_it_is_lost(hub, turns) == [True, True]

    asyncio.run(run())


def test_who_comes_while_redis_is_away_does_not_hold_up_the_end_of_the_process(tmp_path: Path) -> None:
    async def end_while_somebody_comes(server: RedisServer) -> None:
        async with running_hub(server.url) as hub:
            server.kill()
            coming = asyncio.create_task(hub.settle([hub.attach("somebody", Nobody())]))
            await asyncio.sleep(0)
            hub.end_watches()
            failures = await asyncio.wait_for(coming, api.hub.CONFIRM_TIMEOUT_S / 2)
            assert isinstance(failures["somebody"], RedisUnavailable)

    with RedisServer(tmp_path) as server:
        asyncio.run(end_while_somebody_comes(server))


@pytest.mark.parametrize("many", [False, True])
def test_a_job_that_was_unknown_when_redis_went_away_is_not_called_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    for module in (api.follower, api.many_socket):
        monkeypatch.setattr(module, "UNKNOWN_S", 0.5)
    sent: list[dict[str, Any]] = []
    said = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        said.set()

    async def wait_for_it(server: RedisServer) -> None:
        async with asyncio.timeout(10), running_hub(server.url) as hub:
            outbox = Outbox(send)
            if many:
                socket = ManySocket(hub, outbox, locally())
                await socket.take('{"op": "subscribe", "jobs": {"nobody": null}}')
            else:
                socket = Follower(hub, outbox, locally(), FOLLOW_ONE)
                await socket.follow("nobody", None)
            server.kill()
            await said.wait()
            socket.leave()

    with RedisServer(tmp_path) as server:
        asyncio.run(wait_for_it(server))

    (message,) = sent
    if many:
        assert json.loads(message["text"])["status"] == 503
    else:
        assert message["code"] == 1013
