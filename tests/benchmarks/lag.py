"""How far behind a recorder is while jobs are written at a steady rate."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from time import sleep, time
from uuid import uuid4

from redis import Redis
from sqlalchemy import func, select

from headway import keys
from headway.history import schema
from headway.history.database import Database, HistoryUnavailable, database_url
from headway.settings import Settings
from tests.benchmarks import writing
from tests.benchmarks.child import Child, in_child
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, alone
from tests.postgres import postgres_server
from tests.servers import process
from tests.wait import wait_for

JOBS = 20
PER_S = 2_000
SECONDS = 5.0
#: A writer that is slower has not loaded the recorder as it should.
_LEAST = 0.9
_LOOK_S = 0.02


def lags(rounds: int) -> list[Figure]:
    """The most that a recorder is behind, into SQLite and into PostgreSQL."""
    figures: list[Figure] = []
    with private_redis() as url, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-bench-")))
        postgres = stack.enter_context(postgres_server())

        def new_file() -> str:
            return f"sqlite:///{folder}/{uuid4().hex}.sqlite3"

        for name, new_address in (("recorder-lag", new_file), ("recorder-lag-pg", postgres.new_database)):

            def ours(name: str = name, new_address: Callable[[], str] = new_address) -> Measured:
                return {name: run(url, new_address(), JOBS, PER_S, SECONDS)}

            figures.append(absolute(name, "ms", alone(ours, min(rounds, 3))[name], at_most(1_000)))
    return figures


def run(redis_url: str, address: str, jobs: int, per_s: float, seconds: float) -> float:
    """How old, in milliseconds, an event becomes at most before it is recorded, while events are written.

    Raises:
        RuntimeError: fewer were written, or not all of them recorded.
    """
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        job_ids = in_child(writing.create_jobs, redis_url=redis_url, count=jobs)
        env = {"REDIS_URL": redis_url, "HEADWAY_DATABASE_URL": address}
        with (
            closing(Database(database_url(Settings(database_url=address)), read_only=True)) as database,
            process([sys.executable, "-m", "worker.recorder"], env),
        ):
            wait_for(lambda: _recorded_to(database) is not None, 60, "the recorder has begun")
            arguments = {"redis_url": redis_url, "job_ids": job_ids, "per_s": per_s / jobs, "seconds": seconds}
            with Child(writing.write, **arguments) as writes:
                wait_for(lambda: redis.xlen(keys.EVENTS) > 2 * jobs, 60, "the first events are written")
                worst_ms = 0.0
                while writes.process.poll() is None:
                    worst_ms = max(worst_ms, _behind_ms(redis, database))
                    sleep(_LOOK_S)
                written = writes.result()["writes_per_s"]
            if written < per_s * _LEAST:
                raise RuntimeError(f"{written:,.0f} events/s were written, not {per_s:,.0f}")
            wait_for(lambda: _behind_ms(redis, database) == 0, 60, "all is recorded")
    return worst_ms


def _behind_ms(redis: Redis, database: Database) -> float:
    """How old the oldest event is that is not recorded, in milliseconds; 0 if all are."""
    waiting = redis.xrange(keys.EVENTS, min=f"({_recorded_to(database)}", count=1)
    return max(0.0, time() * 1000 - int(waiting[0][0].partition(b"-")[0])) if waiting else 0.0


def _recorded_to(database: Database) -> str | None:
    """The id of the newest recorded entry; None before the first."""
    try:
        with database.read() as connection:
            place = connection.execute(select(func.max(schema.recorded_ranges.c.last_entry))).scalar()
    except HistoryUnavailable:
        return None
    return None if place is None else "-".join(str(int(part)) for part in place.split("-"))
