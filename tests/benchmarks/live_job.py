"""A job that runs in this process on a Redis of one's own, without worker or queue around it."""

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
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder, RedisServer(Path(folder)) as server:
        yield server.url


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
