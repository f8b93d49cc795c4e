"""A job that runs in the test's own process."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from headway import body, keys
from headway.clock import utc_now
from headway.context import set_process_job
from headway.reporter import Reporter
from headway.settings import Settings
from headway.snapshot import Snapshot, Spec
from headway.store import Store
from headway.store.calls import Holder
from tests.closing import AFTER_TEST
from tests.wait import wait_for


class Desk:
    """A job with its reporter, and what a watcher has seen of it."""

    def __init__(self, redis_url: str, *, proxied: str | None = None, **settings: Any) -> None:
        self.settings = Settings(HEADWAY_REDIS_URL=proxied or redis_url, **settings)
        self.store = Store(self.settings)
        self.spec = Spec(job_id=uuid4().hex[:12], task="t", owner="ann", created_at=utc_now())
        self.watcher = Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)
        self.watcher.subscribe(keys.updates(self.spec.job_id))
        self.store.run(self.store.calls.create(self.spec, body.queued(self.spec), request="r"))
        self.reporter = self.another_reporter()
        AFTER_TEST.append(self.close)

    def close(self) -> None:
        self.watcher.close()
        self.watcher.connection_pool.disconnect()
        self.store.close()

    def another_reporter(self) -> Reporter:
        return Reporter(self.store, self.settings, self.spec, Holder(self.spec.job_id, 1, uuid4().hex, "ann"), "w")

    def now(self) -> Snapshot:
        stored = self.store.read(self.spec.job_id)
        assert stored is not None
        return stored.snapshot

    def seen(self, until: Callable[[Snapshot], bool]) -> list[Snapshot]:
        """Every frame published up to the first one that `until` accepts."""
        frames: list[Snapshot] = []

        def arrived() -> bool:
            message = self.watcher.get_message(timeout=0.05)
            if message is not None:
                frames.append(Snapshot.model_validate_json(message["data"]))
            return bool(frames) and until(frames[-1])

        wait_for(arrived, 15, "the awaited frame")
        return frames

    def events(self) -> list[dict[bytes, bytes]]:
        """What the job's writes left in the stream of events."""
        return self._entries(keys.EVENTS)

    def points(self) -> list[Any]:
        """Every metric point that was written, as name and value."""
        extras = [json.loads(entry[b"extra"]) for entry in self.events() if b"extra" in entry]
        return [point[1:] for extra in extras for point in extra["points"]]

    def dropped(self) -> tuple[int, int]:
        """How many metric points and log lines were counted as dropped."""
        extras = [json.loads(entry[b"extra"]) for entry in self.events() if b"extra" in entry]
        points = sum(extra["points_dropped"] for extra in extras)
        return points, sum(sum(line[2:]) for line in self._lines())

    def logged(self) -> list[str]:
        """The lines of the job's log."""
        return [line[1] for line in self._lines()]

    def _lines(self) -> list[Any]:
        return [line for entry in self._entries(keys.LOGS) for line in json.loads(entry[b"lines"])]

    def _entries(self, stream: str) -> list[dict[bytes, bytes]]:
        entries = [entry for _, entry in self.store.redis.xrange(stream)]
        return [entry for entry in entries if entry[b"job"] == self.spec.job_id.encode()]


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    desk = Desk(redis_url)
    assert desk.reporter.start().accepted
    set_process_job(desk.reporter)
    yield desk
    set_process_job(None)
    if not desk.now().status.terminal:
        desk.reporter.cancel()
    assert "headway-flush" not in {thread.name for thread in threading.enumerate()}
