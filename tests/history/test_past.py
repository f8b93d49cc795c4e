"""Past runs: out of history into Redis, and from there into the next job's estimate."""

import time
from threading import Thread

import pytest

from headway import keys, past_runs
from headway.clock import format_utc
from headway.eta import Run
from headway.history.database import Database
from headway.history.past import PastRuns, latest_jobs, run_of
from headway.history.recorder import Recorder
from headway.history.writing import Writer
from headway.reporter import Reporter
from headway.settings import Settings
from headway.store.calls import Holder
from tests.history.desk import Desk
from tests.wait import wait_for


def runs_of(database: Database, task: str = "count") -> list[Run | None]:
    with database.read() as connection:
        return [run_of(connection, job) for job in latest_jobs(connection, task)]


def timed(desk: Desk, writer: Writer, told: list[tuple[str, int, float]]) -> str:
    """A recorded job whose writes (status, n of 10, seconds since the first) happened at such times."""
    job_id = desk.create()
    desk.start(job_id)
    for status, n, _ in told[1:]:
        desk.report(job_id, n, status=status, percent=n * 10, elapsed_s=None)
    entries = desk.entries()[-len(told) :]
    begin_s = time.time() - 1_000
    writer.write([entry for entry in desk.entries() if entry not in entries])
    for entry, (_, _, at_s) in zip(entries, told, strict=True):
        snapshot = entry.fields[b"snapshot"]
        start = snapshot.index(b'"updated_at":"') + len(b'"updated_at":"')
        moved = snapshot[:start] + format_utc(begin_s + at_s).encode() + snapshot[start + 24 :]
        writer.write([type(entry)(entry.stream, entry.entry_id, {**entry.fields, b"snapshot": moved})])
    return job_id


STEADY = [("started", 0, 0.0), *(("running", n, 10.0 * n) for n in range(10)), ("finished", 10, 100.0)]


def test_a_run_is_when_each_part_of_it_was_reached(desk: Desk, writer: Writer, database: Database) -> None:
    timed(desk, writer, STEADY)
    (run,) = runs_of(database)
    assert run is not None
    assert run.size == 10
    assert run.reached_s[::4] == pytest.approx([0, 20, 40, 60, 80, 100], abs=0.1)


def test_paused_time_does_not_count(desk: Desk, writer: Writer, database: Database) -> None:
    paused = [("started", 0, 0.0), ("running", 0, 0.0), ("running", 5, 10.0), ("paused", 5, 11.0)]
    timed(desk, writer, [*paused, ("running", 5, 500.0), ("running", 9, 507.0), ("finished", 10, 509.0)])
    (run,) = runs_of(database)
    assert run is not None
    assert run.reached_s[-1] == pytest.approx(20, abs=0.1)


def test_a_run_that_was_not_whole_is_none(desk: Desk, writer: Writer, database: Database) -> None:
    retried = desk.create()
    desk.start(retried)
    desk.fail(retried, again=True)
    desk.start(retried, attempt=2)
    desk.report(retried, 10, status="finished", percent=100)
    failed = desk.create()
    desk.start(failed)
    desk.fail(failed)
    writer.write(desk.entries())
    assert runs_of(database) == []


def test_finished_jobs_are_told_once_however_often_they_are_recorded(
    desk: Desk, writer: Writer, database: Database
) -> None:
    past = PastRuns(database, desk.store)
    desk.finished(3)
    for _ in range(3):
        writer.write(desk.entries())
        past.take(desk.entries())
    assert desk.redis.zcard(keys.past("count")) == 1
    assert 0 < desk.redis.ttl(keys.past("count")) <= past_runs.KEEP_S


def test_a_redis_that_lost_them_is_told_again_when_a_job_is_queued(
    desk: Desk, writer: Writer, database: Database
) -> None:
    for _ in range(3):
        desk.finished(3)
    writer.write(desk.entries())
    desk.redis.flushdb()
    desk.create()
    writer.write(desk.entries())
    PastRuns(database, desk.store).take(desk.entries())
    assert desk.redis.zcard(keys.past("count")) == 3


def test_what_nobody_can_read_among_the_past_runs_is_left_out(desk: Desk) -> None:
    desk.redis.zadd(keys.past("count"), {"{": 1, "[]": 2, '{"size":1,"reached_s":[2,1]}': 3, '{"size":1}': 4})
    assert desk.store.run(past_runs.read("count")) is None
    desk.store.run(past_runs.add("count", [("j", 5.0, Run(10, (60.0,)))]))
    assert desk.store.run(past_runs.read("count")) is not None


def test_a_recorder_tells_of_what_it_has_written(desk: Desk, database: Database, settings: Settings) -> None:
    recorder = Recorder(settings, database)
    thread = Thread(target=recorder.run)
    thread.start()
    try:
        desk.finished(3)
        wait_for(lambda: desk.redis.zcard(keys.past("count")), 10, "the past run")
    finally:
        recorder.stop()
        thread.join()


def test_a_job_that_has_said_nothing_yet_is_told_how_long_others_took(
    desk: Desk, writer: Writer, database: Database, settings: Settings
) -> None:
    timed(desk, writer, STEADY)
    PastRuns(database, desk.store).take(desk.entries())
    job_id = desk.create()
    spec = desk.store.run(desk.store.calls.spec(job_id))
    assert spec is not None
    reporter = Reporter(desk.store, settings, spec, Holder(job_id, 1, "token"), "w")
    reporter.start()

    def eta_s() -> float | None:
        stored = desk.store.read(job_id)
        return None if stored is None else stored.snapshot.eta_s

    try:
        wait_for(lambda: eta_s() is not None, 15, "the estimate")
        assert eta_s() == pytest.approx(100, rel=0.1)
    finally:
        reporter.cancel()
