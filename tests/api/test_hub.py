"""The hub: what arrives from Redis, in which order, and what is left behind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import api.hub
from api.feed import GoingAway
from api.hub import Hub
from api.topic import Topic
from headway.settings import Settings
from headway.stack.redis_server import RedisServer
from headway.store import AsyncStore, Stored
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id, subscribers

#: What may be said on a job's channel and is no snapshot.
RUBBISH = [
    b'{"seq":99,',
    b'{"seq":x',
    b"",
    b"\xff",
    b'{"seq":98,"status":"odd"}',
    b'{"seq":97,"status":"running","result":' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"seq":96,"status":"running","result":{"\\ud800":1}}',
]


@pytest.fixture
def job(redis_url: str, write_job: Write) -> WrittenJob:
    return write_job(redis_url)


@pytest.fixture
def direct(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


class Nobody:
    """A watcher that takes no notice."""

    def news(self, topic: Topic) -> None:
        """Take no notice."""

    def going_away(self) -> None:
        """Take no notice."""


@asynccontextmanager
async def running_hub(redis_url: str, linger_s: float = 0) -> AsyncIterator[Hub]:
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
    async def run() -> None:
        async with asyncio.timeout(15), running_hub(redis_url) as hub:
            await test(hub)

    asyncio.run(run())


async def next_of(snapshots: AsyncIterator[Stored], deadline_s: float = 5) -> dict[str, Any]:
    stored = await asyncio.wait_for(anext(snapshots), deadline_s)
    members: dict[str, Any] = json.loads(stored.raw)
    return members


async def until(predicate: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not predicate():  # noqa: ASYNC110 - what is waited for is in Redis or another task
            await asyncio.sleep(0.01)


def test_a_published_snapshot_is_passed_on_as_it_was_written(redis_url: str, job: WrittenJob) -> None:
    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            assert (await next_of(snapshots))["seq"] == 1
            job.start()
            job.write(status="running", message="ä→😀", metrics={})
            stored = await anext(snapshots)
            while stored.seq < job.seq:
                stored = await anext(snapshots)
            assert stored.raw == job.store.redis.get(f"job:{job.id}:progress")

    with_hub(redis_url, test)


def test_a_smaller_seq_and_rubbish_are_not_passed_on(redis_url: str, job: WrittenJob, direct: Redis) -> None:
    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            old = (await anext(snapshots)).raw
            job.start()
            assert (await next_of(snapshots))["seq"] == 2
            for payload in (old, *RUBBISH):
                direct.publish(f"job:{job.id}:updates", payload)
            assert job.write(status="running", percent=50) == 3
            assert (await next_of(snapshots))["seq"] == 3
            assert hub.fresh(job.id) is not None

    with_hub(redis_url, test)


def test_a_watcher_that_reads_nothing_misses_the_middle_and_costs_the_others_nothing(
    redis_url: str, job: WrittenJob
) -> None:
    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as slow, hub.watch(job.id) as quick:
            late, snapshots = slow.snapshots(), quick.snapshots()
            job.start()
            for percent in range(100):
                job.write(status="running", percent=percent)
            while (await next_of(snapshots))["seq"] < job.seq:
                pass
            assert (await next_of(late))["seq"] == job.seq

    with_hub(redis_url, test)


def test_a_lesson_set_without_a_message_shows_within_a_second(redis_url: str, direct: Redis) -> None:
    job_id = new_id()

    async def test(hub: Hub) -> None:
        async with hub.watch(job_id) as feed:
            snapshots = feed.snapshots()
            direct.set(f"job:{job_id}:progress", '{"status": "queued"}')
            assert (await next_of(snapshots, 1.0))["seq"] == 1
            direct.set(f"job:{job_id}:progress", '{"status": "running", "percent": 5}')
            assert (await next_of(snapshots, 1.0))["percent"] == 5

    with_hub(redis_url, test)


@pytest.mark.parametrize("channel", ["job:{}:updates", "lesson-news"])
def test_a_lesson_message_is_a_hint_to_look_at_the_key(
    redis_url: str, direct: Redis, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setattr(api.hub, "FOREIGN_REREAD_S", 60.0)
    job_id = new_id()
    channel = channel.format(job_id)
    direct.set(f"job:{job_id}:progress", '{"status": "queued"}')
    direct.set(f"job:{job_id}:channel", channel)

    async def test(hub: Hub) -> None:
        async with hub.watch(job_id) as feed:
            snapshots = feed.snapshots()
            await next_of(snapshots)
            await until(lambda: direct.pubsub_numsub(channel)[0][1] == 1)
            direct.set(f"job:{job_id}:progress", '{"status": "running", "percent": 7}')
            direct.publish(channel, "anything")
            assert (await next_of(snapshots, 1.0))["percent"] == 7
        await until(lambda: direct.pubsub_numsub(channel)[0][1] == 0)

    with_hub(redis_url, test)


def test_a_channel_that_is_named_later_is_listened_to_too(redis_url: str, direct: Redis) -> None:
    job_id = new_id()
    channel = f"later-{job_id}"

    async def test(hub: Hub) -> None:
        async with hub.watch(job_id):
            direct.set(f"job:{job_id}:channel", channel)
            await until(lambda: direct.pubsub_numsub(channel)[0][1] == 1)

    with_hub(redis_url, test)


def test_a_killed_connection_comes_back_and_what_was_missed_is_passed_on(
    redis_url: str, job: WrittenJob, direct: Redis
) -> None:
    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            await next_of(snapshots)
            direct.client_kill_filter(_type="pubsub")
            job.start()
            assert (await next_of(snapshots))["seq"] == 2
            await until(lambda: subscribers(direct, job.id) == 1)
            job.write(status="running", percent=1)
            assert (await next_of(snapshots, 1.0))["seq"] == 3
            assert hub.connected

    with_hub(redis_url, test)


def test_redis_may_restart_under_a_watcher(tmp_path: Path, write_job: Write) -> None:
    with RedisServer(tmp_path / "redis") as server:
        job = write_job(server.url)

        async def test(hub: Hub) -> None:
            async with hub.watch(job.id) as feed:
                snapshots = feed.snapshots()
                await next_of(snapshots)
                server.stop()
                await until(lambda: not hub.connected)
                server.start()
                server.wait_ready()
                job.start()
                assert (await next_of(snapshots, 8))["status"] == "started"

        with_hub(server.url, test)


def test_nothing_is_left_behind_when_nobody_watches(redis_url: str, direct: Redis, write_job: Write) -> None:
    jobs = [write_job(redis_url) for _ in range(5)]

    async def test(hub: Hub) -> None:
        async with AsyncExitStack() as stack:
            for job in jobs * 3:
                await stack.enter_async_context(hub.watch(job.id))
            assert hub.counts == {"jobs": 5, "watchers": 15, "channels": 5}
        await until(lambda: hub.counts == {"jobs": 0, "watchers": 0, "channels": 0})
        assert [subscribers(direct, job.id) for job in jobs] == [0] * 5

    with_hub(redis_url, test)


def test_a_job_given_up_and_watched_again_at_once_is_still_heard(redis_url: str, job: WrittenJob) -> None:
    async def test(hub: Hub) -> None:
        for _ in range(50):
            async with hub.watch(job.id):
                pass
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            await next_of(snapshots)
            job.start()
            assert (await next_of(snapshots, 1.0))["seq"] == 2

    with_hub(redis_url, test)


def test_a_closed_hub_ends_its_feeds(redis_url: str, job: WrittenJob) -> None:
    async def test(hub: Hub) -> None:
        async with hub.watch(job.id, after=1) as feed:
            waiting = asyncio.ensure_future(anext(feed.snapshots()))
            await asyncio.sleep(0)
            await hub.close()
            with pytest.raises(GoingAway):
                await waiting

    with_hub(redis_url, test)


def test_a_process_too_slow_to_read_an_answer_in_time_still_finds_it(
    redis_url: str, write_job: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = write_job(redis_url), write_job(redis_url)

    async def seq_of(hub: Hub, job: WrittenJob) -> int:
        async with hub.watch(job.id) as feed:
            return int((await next_of(feed.snapshots()))["seq"])

    async def test(hub: Hub) -> None:
        assert await seq_of(hub, first) == 1
        monkeypatch.setattr(api.hub, "CONFIRM_TIMEOUT_S", 0.2)
        watching = asyncio.create_task(seq_of(hub, second))
        while not watching.done():
            # As if a thousand others had something to be done.
            time.sleep(0.06)  # noqa: ASYNC251
            await asyncio.sleep(0)
        assert watching.result() == 1

    with_hub(redis_url, test)


def reads(direct: Redis) -> int:
    """How often several jobs were read at once, which is how watched ones are."""
    return int(direct.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])


def test_a_job_that_nobody_watches_any_more_is_given_up_after_a_while(
    redis_url: str, job: WrittenJob, direct: Redis
) -> None:
    async def test() -> None:
        async with running_hub(redis_url, linger_s=0.6) as hub:
            async with hub.watch(job.id):
                pass
            left_at = asyncio.get_running_loop().time()
            assert hub.counts == {"jobs": 0, "watchers": 0, "channels": 1}
            await until(lambda: hub.counts["channels"] == 0)
            assert asyncio.get_running_loop().time() - left_at >= 0.6
            await until(lambda: subscribers(direct, job.id) == 0)
            assert hub.fresh(job.id) is None

    asyncio.run(test())


def test_a_watcher_that_returns_soon_costs_no_read_and_misses_nothing(
    redis_url: str, job: WrittenJob, direct: Redis
) -> None:
    async def test() -> None:
        async with running_hub(redis_url, linger_s=60) as hub:
            async with hub.watch(job.id):
                pass
            read = reads(direct)
            job.start()
            await until(lambda: (latest := hub.fresh(job.id)) is not None and latest.seq == 2)
            for _ in range(20):
                async with hub.watch(job.id, after=1) as feed:
                    assert (await next_of(feed.snapshots()))["seq"] == 2
            assert reads(direct) == read
            assert subscribers(direct, job.id) == 1

    asyncio.run(test())


def test_a_watcher_that_returns_ends_the_lingering(redis_url: str, job: WrittenJob) -> None:
    async def test() -> None:
        async with running_hub(redis_url, linger_s=0.3) as hub:
            async with hub.watch(job.id):
                pass
            async with hub.watch(job.id) as feed:
                snapshots = feed.snapshots()
                await next_of(snapshots)
                # Longer than a job lingers.
                await asyncio.sleep(0.8)
                assert hub.counts == {"jobs": 1, "watchers": 1, "channels": 1}
                job.start()
                assert (await next_of(snapshots, 1.0))["seq"] == 2

    asyncio.run(test())


def test_only_so_many_jobs_linger_and_the_first_left_goes_first(
    redis_url: str, direct: Redis, write_job: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.hub, "LINGERING_MAX", 3)
    jobs = [write_job(redis_url) for _ in range(5)]

    async def test() -> None:
        async with running_hub(redis_url, linger_s=60) as hub:
            for job in jobs:
                async with hub.watch(job.id):
                    pass
            await until(lambda: [subscribers(direct, job.id) for job in jobs] == [0, 0, 1, 1, 1])
            assert hub.counts == {"jobs": 0, "watchers": 0, "channels": 3}

    asyncio.run(test())


def test_who_leaves_while_a_job_is_read_lets_nobody_wait_for_ever(
    redis_url: str, direct: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.hub, "LINGERING_MAX", 0)
    job_id = new_id()
    # A lesson writer's is read each time that somebody comes.
    direct.set(f"job:{job_id}:progress", '{"status": "running"}')

    async def test() -> None:
        async with running_hub(redis_url, linger_s=60) as hub:
            watcher = Nobody()
            topic = hub.attach(job_id, watcher)
            assert await hub.settle([topic]) == {}
            settling = asyncio.create_task(hub.settle([topic]))
            await asyncio.sleep(0)
            hub.detach(topic, watcher)
            assert await asyncio.wait_for(settling, 5) == {}
            await until(lambda: hub.counts == {"jobs": 0, "watchers": 0, "channels": 0})

    asyncio.run(test())


def test_a_job_that_was_never_there_does_not_linger(redis_url: str, direct: Redis) -> None:
    job_id = new_id()

    async def test() -> None:
        async with running_hub(redis_url, linger_s=60) as hub:
            async with hub.watch(job_id):
                pass
            await until(lambda: subscribers(direct, job_id) == 0)

    asyncio.run(test())


def test_a_lingering_job_comes_back_with_what_was_missed_while_redis_was_lost(
    redis_url: str, job: WrittenJob, direct: Redis
) -> None:
    async def test() -> None:
        async with running_hub(redis_url, linger_s=60) as hub:
            async with hub.watch(job.id):
                pass
            direct.client_kill_filter(_type="pubsub")
            job.start()
            async with hub.watch(job.id) as feed:
                snapshots = feed.snapshots()
                while (await next_of(snapshots))["seq"] < 2:
                    pass

    asyncio.run(test())
