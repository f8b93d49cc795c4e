"""Many jobs followed at once, against an API that says what a test tells it to."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

from headway.client import Client, ManyWatch, News
from headway.snapshot import Snapshot
from headway.status import Status
from tests.headway.scripted_api import ScriptedApi, Seen
from tests.wait import wait_for

Told = list[News]


def shot(job_id: str, seq: int) -> Snapshot:
    return Snapshot(job_id=job_id, seq=seq, status=Status.RUNNING)


def follow(api: ScriptedApi, script: Callable[[ManyWatch, Told], Coroutine[Any, Any, None]]) -> None:
    """Run a test's steps with a watch of many jobs and what it tells."""

    async def run() -> None:
        told: Told = []
        with Client(api.url) as client:
            async with client.many(told.append) as watch:
                await script(watch, told)

    asyncio.run(run())


async def until(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_for, condition, 20, what)


def batches(api: ScriptedApi, job_id: str) -> list[Seen]:
    """The requests that asked for this job, alone or with others."""
    return [seen for seen in api.seen if seen.path == "/status" and job_id in seen.query["ids"].split(",")]


def test_without_a_socket_jobs_are_polled_as_rarely_as_the_api_says(api: ScriptedApi) -> None:
    api.refuse_sockets = True
    api.poll_after = "1.4"
    api.put(shot("j1", 1))
    api.put(shot("j2", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        watch.follow("j2")
        await until(lambda: len(batches(api, "j1")) >= 3, "three polls")

    follow(api, steps)
    at = [seen.at for seen in batches(api, "j1")]
    assert all(later - earlier >= 1.4 for earlier, later in pairwise(at))
    assert {seen.query["ids"] for seen in api.seen} == {"j1,j2"}


def test_a_job_that_is_new_is_asked_for_at_once_and_the_others_only_when_it_is_time(api: ScriptedApi) -> None:
    api.refuse_sockets = True
    api.poll_after = "60"
    api.put(shot("j1", 1))
    api.put(shot("j2", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        await until(lambda: len(told) == 1, "the first job is told of")
        watch.follow("j2")
        await until(lambda: len(told) == 2, "the second job is told of")

    follow(api, steps)
    assert [seen.query["ids"] for seen in api.seen] == ["j1", "j2"]


def test_a_job_that_is_followed_again_is_asked_for_at_once(api: ScriptedApi) -> None:
    api.refuse_sockets = True
    api.poll_after = "60"
    api.put(shot("j1", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        await until(lambda: len(told) == 1, "it is told of")
        watch.leave("j1")
        watch.follow("j1")
        await until(lambda: len(told) == 2, "it is told of again")

    follow(api, steps)
    assert len(batches(api, "j1")) == 2


def test_a_job_that_is_not_there_yet_is_looked_for_while_the_others_wait(api: ScriptedApi) -> None:
    api.refuse_sockets = True
    api.poll_after = "60"
    api.put(shot("j1", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        watch.follow("late")
        await until(lambda: batches(api, "late"), "it is asked for")
        api.put(shot("late", 1))
        await until(lambda: len(told) == 2, "both are told of")

    follow(api, steps)
    assert len(batches(api, "j1")) == 1


def test_a_job_that_the_socket_could_not_serve_for_a_moment_comes_over_it_again(api: ScriptedApi) -> None:
    api.refuse_subscriptions = 503
    api.poll_after = "60"
    api.put(shot("j1", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        await until(lambda: len(told) == 1, "a poll brings what the socket does not")
        asked = len(api.subscriptions)
        api.refuse_subscriptions = 0
        await until(lambda: len(api.subscriptions) > asked, "it is subscribed to again")
        api.put(shot("j1", 2))
        await until(lambda: len(told) == 2, "the socket brings the next")

    follow(api, steps)
    assert len(batches(api, "j1")) == 1


def test_a_socket_that_keeps_refusing_is_asked_ever_more_rarely(api: ScriptedApi) -> None:
    api.refuse_subscriptions = 429
    api.poll_after = "0.1"
    api.put(shot("j1", 1))

    async def steps(watch: ManyWatch, told: Told) -> None:
        watch.follow("j1")
        await until(lambda: len(batches(api, "j1")) >= 8, "eight polls")

    follow(api, steps)
    # The eighth would be half a minute off.
    assert 1 <= len(api.subscriptions) <= 7
