"""A job that nobody watches any more stays subscribed for a while."""

import asyncio

import pytest
from redis import Redis

import api.hub
from tests.api.conftest import Write
from tests.api.hubs import Nobody, next_of, reads, running_hub, until
from tests.api.watching import WrittenJob, new_id, subscribers


@pytest.fixture
def job(redis_url: str, write_job: Write) -> WrittenJob:
    return write_job(redis_url)


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
            assert await asyncio.wait_for(settling, 15) == {}
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
