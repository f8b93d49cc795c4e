"""When the hub's memory is as good as Redis, and when it is asked again although nothing was heard."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

import api.hub
from api.hub import Hub
from api.listener import Listener
from headway import keys
from headway.stack.redis_server import RedisServer
from tests.api.conftest import Write
from tests.api.hubs import Nobody, next_of, reads, until, with_hub
from tests.api.watching import WrittenJob, new_id


@pytest.fixture
def job(redis_url: str, write_job: Write) -> WrittenJob:
    return write_job(redis_url)


def store_unheard(direct: Redis, job: WrittenJob, **members: object) -> None:
    """Write a snapshot whose message nobody gets."""
    snapshot = json.loads(direct.get(keys.snapshot(job.id)) or b"")
    direct.set(keys.snapshot(job.id), json.dumps(snapshot | members, separators=(",", ":")), keepttl=True)


def test_memory_does_not_answer_for_a_redis_that_has_fallen_silent(
    tmp_path: Path, write_job: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.hub, "Listener", partial(Listener, ping_s=0.2))
    with RedisServer(tmp_path) as server:
        job = write_job(server.url)

        async def test(hub: Hub) -> None:
            async with hub.watch(job.id):
                assert hub.fresh(job.id) is not None
                os.kill(server.pid, signal.SIGSTOP)
                try:
                    await until(lambda: hub.fresh(job.id) is None)
                    # The connection is there as before: silence alone is enough.
                    assert hub.connected
                finally:
                    os.kill(server.pid, signal.SIGCONT)
                await until(lambda: hub.fresh(job.id) is not None)

        with_hub(server.url, test)


def test_a_message_that_was_lost_is_made_up_for_by_reading_again(
    redis_url: str, job: WrittenJob, direct: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.hub, "OWN_REREAD_S", 0.4)

    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            await next_of(snapshots)
            store_unheard(direct, job, seq=7)
            assert (await next_of(snapshots))["seq"] == 7

    with_hub(redis_url, test)


def test_a_smaller_seq_in_the_key_takes_nobody_back_while_the_subscription_lives(
    redis_url: str, job: WrittenJob, direct: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.hub, "OWN_REREAD_S", 0.4)

    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            await next_of(snapshots)
            store_unheard(direct, job, seq=5)
            assert (await next_of(snapshots))["seq"] == 5
            before = reads(direct)
            store_unheard(direct, job, seq=2)
            await until(lambda: reads(direct) >= before + 2)
            store_unheard(direct, job, seq=6)
            assert (await next_of(snapshots))["seq"] == 6

    with_hub(redis_url, test)


def test_a_lesson_snapshot_that_could_not_be_taken_in_at_once_is_taken_in_later(
    tmp_path: Path, write_job: Write
) -> None:
    with RedisServer(tmp_path) as server, Redis.from_url(server.url) as direct:
        own, lesson_id = write_job(server.url), new_id()
        direct.set(keys.snapshot(lesson_id), '{"status": "running"}')

        async def test(hub: Hub) -> None:
            async with hub.watch(lesson_id) as feed:
                snapshots = feed.snapshots()
                await next_of(snapshots)
                with direct.pipeline() as both:
                    both.set(keys.snapshot(lesson_id), '{"status": "finished"}')
                    # From now on Redis can be read, and not written.
                    both.config_set("min-replicas-to-write", 1)
                    both.execute()
                before = reads(direct)
                nobody = Nobody()
                topics = [hub.attach(job_id, nobody) for job_id in (lesson_id, new_id(), own.id)]
                assert await hub.settle(topics[2:]) == {}
                await until(lambda: reads(direct) >= before + 3)
                assert topics[2].latest is not None
                direct.config_set("min-replicas-to-write", 0)
                assert (await next_of(snapshots))["status"] == "finished"
                for topic in topics:
                    hub.detach(topic, nobody)

        with_hub(server.url, test)


def test_a_redis_that_came_back_older_takes_nobody_back_and_keeps_nobody_from_what_follows(
    redis_url: str, job: WrittenJob, direct: Redis
) -> None:
    names = [keys.snapshot(job.id), keys.state(job.id)]
    older = [direct.dump(name) or b"" for name in names]
    job.start()
    for percent in range(5):
        job.write(status="running", percent=percent)

    async def test(hub: Hub) -> None:
        async with hub.watch(job.id) as feed:
            snapshots = feed.snapshots()
            seen = (await next_of(snapshots))["seq"]
            for name, dumped in zip(names, older, strict=True):
                direct.restore(name, 0, dumped, replace=True)
            direct.client_kill_filter(_type="pubsub")
            back = await next_of(snapshots)
            assert (back["status"], back["seq"]) == ("queued", seen + 1)
            # Somebody who knows nothing of what was shown.
            asked = job.store.run(job.store.calls.control(job.id, "cancel", "null", request="r"))
            assert (await next_of(snapshots))["seq"] == asked.seq == seen + 2

    with_hub(redis_url, test)
