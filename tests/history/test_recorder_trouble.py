"""What recorders do about a database that cannot serve, entries that nobody can read, and clocks that jump."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text

from headway import keys
from headway.clock import format_utc
from headway.history import recorder, schema
from headway.history.database import Database, database_url
from headway.history.reading import History
from headway.history.writing import Writer
from headway.settings import Settings
from tests.history.desk import Desk
from tests.history.forked import recorder_process
from tests.history.test_recorder import count, held, recorded, said, told
from tests.wait import wait_for

Recording = Callable[[], AbstractContextManager[None]]
# The year 2100, in milliseconds.
_FAR_MS = 4_102_444_800_000


def waits(desk: Desk) -> str:
    """What recorders say that they wait for, once they do."""
    (one,) = wait_for(lambda: [one for one in said(desk) if one.waiting], 30, "it says that it waits")
    return str(one.waiting)


def has_all(database: Database, desk: Desk) -> None:
    """Wait until each event is there, once."""
    wait_for(lambda: set(recorded(database)) >= set(told(desk)), 30, "all is recorded")
    wait_for(lambda: held(desk) == 0, 30, "nothing is held")
    assert recorded(database) == told(desk)


@pytest.fixture
def recording(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Let a recorder with connections of its own run in a thread; it looks often whether the database is back."""
    monkeypatch.setattr(recorder, "_SQL_PAUSES_S", (0.1,))
    monkeypatch.setattr(recorder, "SAY_S", 0.2)

    @contextmanager
    def run() -> Iterator[None]:
        with closing(Database(database_url(settings))) as database:
            one = recorder.Recorder(settings, database)
            thread = threading.Thread(target=one.run)
            thread.start()
            try:
                yield
            finally:
                one.stop()
                thread.join(30)
                assert not thread.is_alive()

    return run


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite files of this process cannot grow, as on a disk that is full."""

    def limit(connection: Any) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

    event.listen(Engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(Engine, "begin", limit)


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_disk_that_fills_is_waited_for_and_what_did_not_fit_is_recorded_once(
    recording: Recording, database: Database, desk: Desk
) -> None:
    with recording():
        before = desk.finished(1)
        has_all(database, desk)
        with full_disk():
            for _ in range(40):
                job_id = desk.create()
                desk.start(job_id)
                desk.report(job_id, 1, message="long " * 150)
            assert "full" in waits(desk)
        has_all(database, desk)
        wait_for(lambda: [one for one in said(desk) if one.waiting is None], 30, "it says that it goes on")
    assert count(History(database), before) == 4
    assert History(database).missing(None) == 0


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_file_that_breaks_is_waited_for_and_a_new_one_in_its_place_is_gone_on_with(
    recording: Recording, database: Database, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "history.sqlite3"
    with recording():
        desk.finished(1)
        has_all(database, desk)
        before = set(told(desk))
        with database.read() as connection:
            connection.connection.driver_connection.execute("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        file.write_bytes(b"\xa5" * file.stat().st_size)
        desk.finished(2)
        assert "malformed" in (said_so := waits(desk)) or "not a database" in said_so
        for one in tmp_path.glob("history.sqlite3*"):
            one.rename(tmp_path / f"broken-{one.name}")
        wait_for(lambda: file.exists() and not held(desk), 30, "it has begun a new file")
        desk.finished(3)
        wait_for(lambda: set(recorded(database)) >= set(told(desk)) - before, 30, "it goes on")
    assert recorded(database) == sorted(set(told(desk)) - before)


def test_a_database_of_a_newer_version_is_left_alone_until_it_is_this_versions_again(
    settings: Settings, database: Database, desk: Desk
) -> None:
    with database.write() as connection:
        ours = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    desk.finished(1)
    with recorder_process(settings):
        assert "schema 9999, which this version does not know: use a newer headway" in waits(desk)
        assert recorded(database) == []
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": ours})
        has_all(database, desk)


def test_what_nobody_can_read_holds_nothing_up_and_is_counted(
    settings: Settings, database: Database, desk: Desk
) -> None:
    named = "x'; DROP TABLE jobs; --"
    desk.create()
    good = told(desk)
    for job, snapshot in (("j", "not JSON"), (named, json.dumps({"seq": 1, "attempt": 1, "status": "queued"}))):
        number = desk.redis.incr(keys.EVENTS_COUNT)
        desk.redis.xadd(keys.EVENTS, {"n": number, "job": job, "kind": "write", "snapshot": snapshot})
    desk.redis.xadd(keys.LOGS, {"job": named, "attempt": 1, "batch": 1, "dropped": 0, "lines": '[["", "a"]]'})
    desk.redis.set(keys.snapshot(named), '{"status": "running"}')
    with recorder_process(settings):
        wait_for(lambda: [one for one in said(desk) if one.left_out == 3], 30, "it says how many it left out")
        after = desk.finished(1)
        wait_for(lambda: count(History(database), after) == 4, 30, "the rest is recorded")
        wait_for(lambda: held(desk) == 0, 30, "nothing is held")
    assert [one for one in recorded(database) if one[0] != after] == good
    assert History(database).missing(None) == 0


def test_a_clock_of_redis_that_jumps_ahead_and_back_loses_and_doubles_nothing(
    settings: Settings, database: Database, desk: Desk
) -> None:
    desk.finished(1)
    # From here on Redis counts up within this millisecond until its clock has come there again.
    desk.redis.xadd(keys.EVENTS, {"n": 0, "job": "far", "kind": "unknown"}, id=f"{_FAR_MS}-0")
    late = desk.finished(2)
    desk.redis.xdel(keys.EVENTS, f"{_FAR_MS}-0")
    with recorder_process(settings):
        has_all(database, desk)
    assert [one["seq"] for one in History(database).events(late).events] == [1, 2, 3, 4, 5]


def test_a_writer_whose_clock_jumps_keeps_its_order_and_makes_no_time_below_zero(
    desk: Desk, writer: Writer, database: Database
) -> None:
    job_id = desk.create()
    desk.start(job_id)
    for n, at_s in enumerate((4_102_444_800.0, 86_400.0, 1_761_600_000.0)):
        desk.report(job_id, n, updated_at=format_utc(at_s), started_at=format_utc(at_s))
    desk.report(
        job_id, 10, status="finished", percent=100, started_at=format_utc(4e9), finished_at=format_utc(86_400.0)
    )
    writer.write(desk.entries())
    writer.write(desk.entries())
    assert [one["seq"] for one in History(database).events(job_id).events] == [1, 2, 3, 4, 5, 6]
    with database.read() as connection:
        job = connection.execute(select(schema.jobs).where(schema.jobs.c.job_id == job_id)).one()
    assert job.status == "finished"
    assert job.wait_s is None or job.wait_s >= 0
    assert job.run_s is None or job.run_s >= 0
