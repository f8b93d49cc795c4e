"""Watches of both clients, on real servers that are restarted while they watch."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis

from headway.client import AsyncClient, Client
from headway.errors import HeadwayError
from headway.settings import Settings
from headway.snapshot import EndedAttempt, JobError, Snapshot
from headway.stack.redis_server import RedisServer
from headway.status import Status
from headway.store import Store
from tests import fixtures
from tests.api.watching import WrittenJob, subscribers
from tests.headway.upgrade_proxy import CuttingProxy, UpgradeRefusingProxy
from tests.ports import free_port
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

api, module_redis_url = fixtures.api, fixtures.module_redis_url

BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


class Follower:
    """A watch of one of the clients in a thread of its own, and what it has yielded so far."""

    def __init__(self, kind: type[Client] | type[AsyncClient], url: str, job_id: str) -> None:
        self.shots: list[Snapshot] = []
        self.error: HeadwayError | None = None
        self._url = url
        self._job_id = job_id
        self._follow = self._block if kind is Client else lambda: asyncio.run(self._await())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._follow()
        except HeadwayError as error:
            self.error = error

    def _block(self) -> None:
        with Client(self._url) as client:
            self.shots.extend(client.watch(self._job_id))

    async def _await(self) -> None:
        async with AsyncClient(self._url) as client:
            async for shot in client.watch(self._job_id):
                self.shots.append(shot)

    def reach(self, seq: int) -> Snapshot:
        return wait_for(lambda: next((shot for shot in self.shots if shot.seq == seq), None), 20, f"seq {seq} was seen")

    def end(self, deadline_s: float = 25) -> Snapshot:
        """The last snapshot; they came in order, and none came after it."""
        self._thread.join(deadline_s)
        assert not self._thread.is_alive(), f"still at {self.shots[-1:]}"
        assert self.error is None
        assert all(later.seq > earlier.seq for earlier, later in pairwise(self.shots))
        assert [shot.status.terminal for shot in self.shots].index(True) == len(self.shots) - 1
        return self.shots[-1]


@pytest.fixture
def stores() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def running_job(stores: ExitStack, redis_url: str) -> WrittenJob:
    store = Store(Settings(redis_url=redis_url))
    stores.callback(store.close)
    job = WrittenJob(store)
    job.start()
    job.write(status="running", percent=10, message="step 1/10")
    return job


def stored(url: str, job: WrittenJob) -> Snapshot:
    with Client(url) as client:
        return client.status(job.id)


def heard_by_hub(redis_url: str, job: WrittenJob) -> None:
    """Wait until the API's hub listens for the job: the watch has its socket."""
    with Redis.from_url(redis_url) as redis:
        wait_for(lambda: subscribers(redis, job.id), 10, "the API listens")


@BOTH
def test_a_watch_survives_a_restart_of_the_api(kind: Any, redis_url: str, stores: ExitStack) -> None:
    port = free_port()
    job = running_job(stores, redis_url)
    with api_server(redis_url, port=port) as first:
        follower = Follower(kind, first.url, job.id)
        heard_by_hub(redis_url, job)
        follower.reach(job.write(percent=20))
    job.write(percent=50)
    with api_server(redis_url, port=port) as second:
        follower.reach(job.seq)
        job.finish(result=42)
        assert follower.end() == stored(second.url, job)
    assert follower.shots[-1].result == 42


@BOTH
def test_a_watch_whose_job_ends_while_the_api_is_away_ends_on_what_is_true(
    kind: Any, redis_url: str, stores: ExitStack
) -> None:
    port = free_port()
    job = running_job(stores, redis_url)
    with api_server(redis_url, port=port) as first:
        follower = Follower(kind, first.url, job.id)
        heard_by_hub(redis_url, job)
    job.write(status="failed", error={"type": "ValueError", "detail": "no"})
    with api_server(redis_url, port=port) as second:
        assert follower.end() == stored(second.url, job)
    assert follower.shots[-1].seq == job.seq


@BOTH
def test_a_watch_survives_a_restart_of_redis(kind: Any, tmp_path: Path, stores: ExitStack) -> None:
    with RedisServer(tmp_path / "redis") as server, api_server(server.url) as api:
        job = running_job(stores, server.url)
        follower = Follower(kind, api.url, job.id)
        heard_by_hub(server.url, job)
        server.stop()
        server.start()
        follower.reach(job.write(percent=60))
        server.kill()
        server.start()
        job.finish(result=[1, None])
        assert follower.end() == stored(api.url, job)
    assert follower.shots[-1].result == [1, None]


@BOTH
def test_a_watch_goes_on_over_automatic_attempts(
    kind: Any, api: ApiServer, module_redis_url: str, stores: ExitStack
) -> None:
    job = running_job(stores, module_redis_url)
    follower = Follower(kind, api.url, job.id)
    heard_by_hub(module_redis_url, job)
    for attempt in (1, 2):
        error = JobError(type="ValueError", detail="no")
        job.retry(EndedAttempt(attempt=attempt, status=Status.FAILED, error=error))
        waiting = follower.reach(job.seq)
        assert (waiting.status, waiting.attempt, waiting.percent) == (Status.QUEUED, attempt + 1, 0)
        job.start()
        job.write(status="running", percent=30)
    job.finish(result="third time")
    assert follower.end() == stored(api.url, job)
    assert (follower.shots[-1].attempt, follower.shots[-1].result) == (3, "third time")


@BOTH
def test_a_watch_through_a_proxy_that_lets_no_socket_pass_sees_the_same(
    kind: Any, api: ApiServer, module_redis_url: str, stores: ExitStack
) -> None:
    job = running_job(stores, module_redis_url)
    with UpgradeRefusingProxy(api.url) as proxy:
        follower = Follower(kind, proxy.url, job.id)
        wait_for(lambda: proxy.refused, 10, "a socket was refused")
        follower.reach(job.write(percent=50))
        job.retry(EndedAttempt(attempt=1, status=Status.FAILED))
        follower.reach(job.seq)
        job.start()
        job.finish(result=1)
        assert follower.end() == stored(api.url, job)


@BOTH
def test_a_watch_through_a_proxy_that_cuts_again_and_again_sees_the_same_and_leaves_nothing(
    kind: Any, api: ApiServer, module_redis_url: str, stores: ExitStack
) -> None:
    def watchers() -> int:
        return int(httpx2.get(f"{api.url}/readyz").json()["watchers"])

    before = watchers()
    job = running_job(stores, module_redis_url)
    with CuttingProxy(api.url) as proxy:
        follower = Follower(kind, proxy.url, job.id)
        for percent in range(20, 60, 10):
            follower.reach(job.write(percent=percent))
            wait_for(proxy.cut, 10, "there is a connection to cut")
        job.finish(result=1)
        assert follower.end() == stored(api.url, job)
    wait_for(lambda: watchers() == before, 15, "no watcher is left")


@BOTH
def test_through_such_a_proxy_a_quiet_job_costs_a_question_for_each_try_of_the_socket(
    kind: Any, api: ApiServer, module_redis_url: str, stores: ExitStack
) -> None:
    job = running_job(stores, module_redis_url)
    with UpgradeRefusingProxy(api.url) as proxy:
        follower = Follower(kind, proxy.url, job.id)
        wait_for(lambda: proxy.refused >= 3, 20, "the socket was tried three times")
        wait_for(lambda: "wait=" in proxy.asked[-1], 10, "an answer is held back")
        polls = len(proxy.asked)
        # One more where what is left before the next try is no whole number of seconds.
        assert polls <= 2 * proxy.refused + 2
        job.finish()
        assert follower.end() == stored(api.url, job)
        assert f"after={job.seq - 1}&" in proxy.asked[polls - 1]
