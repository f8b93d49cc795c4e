"""The hub: what arrives from Redis, in which order, and what is left behind."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis import Redis

import api.hub
from api.feed import GoingAway
from api.hub import Hub
from headway.stack.redis_server import RedisServer
from tests.api.conftest import Write
from tests.api.hubs import next_of, until, with_hub
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
