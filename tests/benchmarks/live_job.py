"""A job that runs in this process on a Redis of one's own, without worker or queue around it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from headway import body
from headway.clock import utc_now
from headway.context import set_process_job
from headway.reporter import Reporter
from headway.settings import Settings
from headway.snapshot import Snapshot, Spec
from headway.stack.redis_server import RedisServer
from headway.store import Store
from headway.store.calls import Holder


@contextmanager
def private_redis() -> Iterator[str]:
    """The URL of an empty server of our own, on a unix socket."""
    with _server() as server:
        yield server.url


@contextmanager
def redis_on_its_own_core() -> Iterator[str]:
    """Like `private_redis`, on a core that this process and its children leave to it, where the system can do that.

    To a worker Redis is another machine, or at least another core. Left to itself a small machine's scheduler puts
    both on one core or on two, as it goes, and a round trip takes ten microseconds or sixty.
    """
    with _server() as server:
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
        if len(cores) < 2:
            yield server.url
            return
        os.sched_setaffinity(server.pid, {max(cores)})
        os.sched_setaffinity(0, cores - {max(cores)})
        try:
            yield server.url
        finally:
            os.sched_setaffinity(0, cores)


@dataclass(frozen=True)
class Begun:
    """A job that was created and waits for its first attempt."""

    store: Store
    settings: Settings
    spec: Spec
    holder: Holder

    def now(self) -> Snapshot:
        """The snapshot that is stored."""
        stored = self.store.read(self.spec.job_id)
        if stored is None:
            raise LookupError(self.spec.job_id)
        return stored.snapshot


def create_job(redis_url: str) -> Begun:
    """Put a job of a realistic size into Redis."""
    settings = Settings(HEADWAY_REDIS_URL=redis_url)
    store = Store(settings)
    spec = Spec(job_id=uuid4().hex[:12], task="worker.profile_table", owner="ann", created_at=utc_now())
    store.run(store.calls.create(spec, body.queued(spec), request=uuid4().hex))
    return Begun(store, settings, spec, Holder(spec.job_id, 1, uuid4().hex, spec.owner))


@contextmanager
def live_job(redis_url: str) -> Iterator[Begun]:
    """Be the job of this process: `track` and `report` inside the block write to that Redis."""
    begun = create_job(redis_url)
    reporter = Reporter(begun.store, begun.settings, begun.spec, begun.holder, "host:1")
    if not reporter.start().accepted:
        raise RuntimeError("the job was not started")
    set_process_job(reporter)
    try:
        yield begun
    finally:
        set_process_job(None)
        reporter.finish("null")
        begun.store.close()


@contextmanager
def _server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder, RedisServer(Path(folder)) as server:
        yield server
