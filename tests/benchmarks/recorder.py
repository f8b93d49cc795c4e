"""How many events a second a recorder writes, beside a bare loop that keeps the same columns."""

import json
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
from redis import Redis

from headway import keys
from headway.history.database import Database, database_url
from headway.history.migrate import migrate
from headway.history.streams import TAKE_MAX, Streams
from headway.history.writing import Writer
from headway.settings import Settings
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, absolute, against, at_least
from tests.benchmarks.live_job import create_job, private_redis
from tests.benchmarks.rounds import Measured, side_by_side
from tests.benchmarks.update import realistic_members
from tests.postgres import postgres_server

JOBS = 20
EVENTS = 20_000
_COLUMNS = ("job_id", "attempt", "seq", "status", "percent", "message", "n", "total", "error", "at", "entry")
_TABLE = """CREATE TABLE bare (id {row_id} PRIMARY KEY, job_id TEXT, attempt INTEGER, seq BIGINT, status TEXT,
percent INTEGER, message TEXT, n DOUBLE PRECISION, total DOUBLE PRECISION, error TEXT, at {time}, entry TEXT,
UNIQUE (job_id, seq, entry))"""
_INSERT = "INSERT INTO bare ({}) VALUES ({{}}) ON CONFLICT DO NOTHING".format(", ".join(_COLUMNS))


def recorders(rounds: int) -> list[Figure]:
    """Both sides read the same stream, in turn, each into an empty database of its own."""
    figures: list[Figure] = []
    with private_redis() as url, ExitStack() as stack:
        in_child(fill, redis_url=url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-bench-")))
        postgres = stack.enter_context(postgres_server())

        def new_file() -> str:
            return f"sqlite:///{folder}/{uuid4().hex}.sqlite3"

        for name, new_address, bare in (
            ("recorder", new_file, bare_sqlite),
            ("recorder-pg", postgres.new_database, bare_postgresql),
        ):

            def ours(name: str = name, new_address: Any = new_address) -> Measured:
                return {name: in_child(recorded_per_s, redis_url=url, address=new_address())}

            def peer(name: str = name, new_address: Any = new_address, bare: Any = bare) -> Measured:
                return {name: in_child(bare, redis_url=url, address=new_address())}

            own, others = side_by_side(ours, peer, rounds).of(name)
            figures.append(against(name, "events/s", own, others, at_least(0.5)))
            if name == "recorder":
                figures.append(absolute("recorder-sqlite", "events/s", own, at_least(10_000)))
    return figures


def fill(redis_url: str) -> None:
    """Let jobs write into the stream what a reporter writes in the middle of two nested loops."""
    for _ in range(JOBS):
        begun = create_job(redis_url)
        members = realistic_members(begun)
        store, holder = begun.store, begun.holder
        given = store.run(store.calls.start(holder, 1, members)).seq
        for i in range(EVENTS // JOBS - 2):
            members["n"], members["message"] = i, f"step {i}"
            given = store.run(store.calls.write(holder, i + 2, given, members)).seq
        store.close()


def recorded_per_s(redis_url: str, address: str) -> float:
    """Events a second that a recorder's own parts take, write and let go of: into jobs, attempts and events."""
    database = Database(database_url(Settings(database_url=address)))
    migrate(database)
    with Redis.from_url(redis_url) as redis:
        redis.xgroup_destroy(keys.EVENTS, "recorder")
        streams, writer = Streams(redis, "bench"), Writer(database)
        streams.join()
        start_s = perf_counter()
        count = 0
        while entries := streams.take(1):
            writer.write(entries)
            streams.done(entries)
            count += len(entries)
        took_s = perf_counter() - start_s
    database.close()
    return _rate(count, took_s)


def bare_sqlite(redis_url: str, address: str) -> float:
    """Events a second of XREADGROUP, json.loads, executemany and XACK, as safe on the disk as ours."""
    connection = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE.format(row_id="INTEGER", time="TEXT"))
    insert = _INSERT.format(", ".join("?" * len(_COLUMNS)))

    def write(rows: list[tuple[Any, ...]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")

    return _bare(redis_url, write)


def bare_postgresql(redis_url: str, address: str) -> float:
    """The same into PostgreSQL."""
    with psycopg.connect(address) as connection:
        connection.execute(_TABLE.format(row_id="BIGSERIAL", time="TIMESTAMPTZ"))
        insert = _INSERT.format(", ".join(["%s"] * len(_COLUMNS)))

        def write(rows: list[tuple[Any, ...]]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(insert, rows)
            connection.commit()

        return _bare(redis_url, write)


def _bare(redis_url: str, write: Any) -> float:
    group = uuid4().hex
    with Redis.from_url(redis_url) as redis:
        redis.xgroup_create(keys.EVENTS, group, id="0")
        start_s = perf_counter()
        count = 0
        while taken := redis.xreadgroup(group, "bench", {keys.EVENTS: ">"}, count=TAKE_MAX):
            ((_, entries),) = taken
            write(list(_rows(entries)))
            redis.xack(keys.EVENTS, group, *(entry_id for entry_id, _ in entries))
            count += len(entries)
        took_s = perf_counter() - start_s
        redis.xgroup_destroy(keys.EVENTS, group)
    return _rate(count, took_s)


def _rows(entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> Iterable[tuple[Any, ...]]:
    for entry_id, fields in entries:
        one = json.loads(fields[b"snapshot"]) | {"entry": entry_id.decode()}
        one["at"], one["error"] = one["updated_at"], None if one["error"] is None else json.dumps(one["error"])
        yield tuple(one[name] for name in _COLUMNS)


def _rate(count: int, took_s: float) -> float:
    if count != EVENTS:
        raise RuntimeError(f"{count} of {EVENTS} events were read")
    return count / took_s
