"""What becomes of the streams' entries in SQL, on SQLite and on PostgreSQL."""

import json
import random

import pytest
from sqlalchemy import func, select

from headway import keys
from headway.history import schema
from headway.history.database import Database
from headway.history.entries import Entry
from headway.history.reading import History
from headway.history.writing import Writer
from headway.store.stored import own
from tests.history.desk import Desk
from tests.history.past import incompressible


def rows(database: Database, table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_write_of_a_job_is_an_event(desk: Desk, writer: Writer, history: History):
    job_id = desk.finished(3)
    assert writer.write(desk.entries()) == 0
    events = history.events(job_id).events
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event["status"] for event in events] == ["queued", "started", *["running"] * 3, "finished"]
    assert events[3] | {"at": ""} == {
        "job_id": job_id, "attempt": 1, "seq": 4, "status": "running", "percent": 33, "message": "step 1",
        "n": 1, "total": 3, "error": None, "at": "",
    }  # fmt: skip
    assert events[-1]["at"] == own(job_id, desk.redis.get(keys.snapshot(job_id))).updated_at


def test_the_same_entries_again_double_nothing(desk: Desk, writer: Writer, database: Database):
    job_id = desk.create()
    desk.start(job_id)
    desk.report(job_id, 1, extra=json.dumps({"points": [[1_700_000_000_000, "loss", 0.5]], "points_dropped": 0}))
    desk.ask(job_id, "pause", "ada")
    desk.redis.xadd(
        keys.LOGS, {"job": job_id, "attempt": 1, "batch": 1, "dropped": 0, "lines": '[["", "a"], ["", "b"]]'}
    )
    for _ in range(2):
        writer.write(desk.entries() + desk.entries(keys.LOGS))
    tables = (schema.jobs, schema.job_progress_events, schema.job_metrics, schema.job_actions, schema.job_logs)
    assert [rows(database, table) for table in tables] == [1, 4, 1, 1, 2]


def test_entries_in_any_order_end_in_the_same_rows(desk: Desk, writer: Writer, history: History):
    job_id = desk.create()
    desk.start(job_id)
    desk.fail(job_id, again=True)
    desk.start(job_id, 2)
    desk.fail(job_id)
    shuffled = desk.entries()
    random.Random(7).shuffle(shuffled)
    for entry in shuffled:
        writer.write([entry])
    assert history.snapshot(job_id) == desk.redis.get(keys.snapshot(job_id))
    assert [(one["attempt"], one["status"], one["worker"]) for one in history.attempts(job_id)] == [
        (1, "failed", "w-1"),
        (2, "failed", None),
    ]
    assert json.loads(history.attempts(job_id)[0]["error"]) == {"type": "ValueError", "detail": "no column 'x'"}


def test_a_job_id_that_counts_from_one_again_keeps_its_older_events(desk: Desk, writer: Writer, history: History):
    job_id = desk.finished(1)
    writer.write(desk.entries())
    desk.redis.delete(*desk.redis.keys(f"job:{job_id}:*"))
    desk.create(job_id)
    writer.write(desk.entries())
    assert [event["seq"] for event in history.events(job_id).events] == [1, 2, 3, 4, 1]
    assert own(job_id, history.snapshot(job_id) or b"").seq == 1


def test_who_asked_for_what_is_kept_when_the_job_is_deleted(desk: Desk, writer: Writer, history: History):
    job_id = desk.create()
    desk.ask(job_id, "pause", "ada")
    other = desk.finished(1)
    desk.delete(other)
    late = desk.entries()
    writer.write(late)
    # Whoever comes late with what happened before brings nothing back.
    writer.write(late[:-1])
    assert history.events(other).events == []
    assert history.snapshot(other) is None
    assert history.attempts(other) == []
    (gone,) = history.actions(other)
    assert (gone["action"], gone["by"], gone["verified"]) == ("delete", "ada", True)
    assert gone["at"]
    (asked,) = history.actions(job_id)
    assert (asked["action"], asked["by"], asked["verified"]) == ("pause", "ada", False)


def test_a_deleted_jobs_id_may_be_used_again(desk: Desk, writer: Writer, history: History):
    job_id = desk.finished(1)
    desk.delete(job_id)
    desk.redis.delete(keys.state(job_id))
    desk.create(job_id)
    writer.write(desk.entries())
    assert [event["status"] for event in history.events(job_id).events] == ["queued"]


def test_metrics_keep_every_value(desk: Desk, writer: Writer, history: History):
    job_id = desk.create()
    desk.start(job_id)
    points = [[1_700_000_000_123, "loss", 0.5], [1_700_000_000_124, "loss", None], [1_700_000_000_124, "n", 3]]
    desk.report(job_id, 1, extra=json.dumps({"points": points, "points_dropped": 7}))
    writer.write(desk.entries())
    assert [(one["name"], one["value"], one["dropped"]) for one in history.metrics(job_id)] == [
        ("loss", 0.5, 7),
        ("loss", None, 0),
        ("n", 3.0, 0),
    ]
    assert history.metrics(job_id)[0]["at"] == "2023-11-14T22:13:20.123Z"


def test_a_batch_of_lines_that_redis_was_told_twice_is_kept_once(desk: Desk, writer: Writer, history: History):
    lines = json.dumps([["2025-10-28T10:21:34.000Z", "4 lines are missing", 4], ["2025-10-28T10:21:34.001Z", "two"]])
    told = {"job": "j", "attempt": 1, "run": "a", "batch": 1, "lines": lines}
    desk.redis.xadd(keys.LOGS, told)
    desk.redis.xadd(keys.LOGS, told)
    # The same job, handed back and begun again: another batch 1 of the same attempt.
    desk.redis.xadd(keys.LOGS, told | {"run": "b"})
    writer.write(desk.entries(keys.LOGS))
    assert [(one["line"], one["dropped"]) for one in history.logs("j")] == 2 * [("4 lines are missing", 4), ("two", 0)]


def test_a_lesson_writers_snapshot_is_an_event(desk: Desk, writer: Writer, history: History):
    job_id = "lesson-1"
    seed = {"job_id": job_id, "status": "running", "percent": 100, "message": "step", "result": None, "error": "x"}
    desk.redis.set(keys.snapshot(job_id), json.dumps(seed))
    stored = desk.store.read(job_id)
    writer.write(desk.entries())
    (event,) = history.events(job_id).events
    assert (event["seq"], event["status"], event["percent"], event["message"]) == (1, "running", 100, "step")
    assert stored is not None
    assert history.snapshot(job_id) == stored.raw


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 5, "job": "j", "kind": "write", "snapshot": "not JSON"},
        {"n": 5, "job": "j", "kind": "write", "snapshot": "[]"},
        {"n": 5, "job": "j", "kind": "write", "snapshot": '{"seq":1,"attempt":1,"status":"odd"}'},
        {"n": 5, "job": "j", "kind": "write", "snapshot": '{"seq":99999999999999999999,"attempt":1,"status":"queued"}'},
        {"n": 5, "job": "j", "kind": "adopt", "snapshot": "{}", "extra": "{}"},
        {"n": 5, "job": "j", "kind": "unknown"},
        {"n": 5, "job": "x'; DROP TABLE jobs; --", "kind": "write", "snapshot": "{}"},
        {"nothing": "at all"},
    ],
)
def test_an_entry_that_nobody_can_read_costs_itself_only(desk: Desk, writer: Writer, history: History, fields):
    first = desk.create()
    desk.redis.xadd(keys.EVENTS, fields)
    last = desk.create()
    assert writer.write(desk.entries()) == 1
    assert [len(history.events(job_id).events) for job_id in (first, last)] == [1, 1]


def test_what_a_database_takes_badly_is_made_fit(desk: Desk, writer: Writer, history: History):
    snapshot = {
        "seq": 1, "attempt": 1, "status": "running", "percent": 1e300, "message": "a\0b \ud800 '; --", "n": 10**400,
        "total": "many", "updated_at": "2025-99-99T00:00:00.000Z", "started_at": "yesterday", "error": {"detail": "\0"},
    }  # fmt: skip
    desk.redis.xadd(keys.EVENTS, {"n": 1, "job": "j", "kind": "write", "snapshot": json.dumps(snapshot)})
    assert writer.write(desk.entries()) == 0
    (event,) = history.events("j").events
    assert (event["percent"], event["message"]) == (100, "a\ufffdb ? '; --")
    assert (event["n"], event["total"]) == (None, None)
    assert event["at"] == desk.entries()[0].at


def test_what_a_database_refuses_costs_itself_only(desk: Desk, writer: Writer, history: History, monkeypatch):
    ids = [desk.create() for _ in range(5)]
    whole = Entry.at.fget
    # A time that no database takes stands for whatever else it may refuse.
    monkeypatch.setattr("headway.history.entries.time", lambda value: None)
    bad = desk.entries()[2].entry_id
    monkeypatch.setattr(Entry, "at", property(lambda one: None if one.entry_id == bad else whole(one)))
    assert writer.write(desk.entries()) == 1
    assert [len(history.events(job_id).events) for job_id in ids] == [1, 1, 0, 1, 1]


def test_names_that_are_too_long_for_an_index_are_cut(desk: Desk, writer: Writer, database: Database):
    names = {name: incompressible(9_000) for name in ("task", "queue", "worker", "owner")}
    snapshot = {"seq": 1, "attempt": 1, "status": "running"} | names
    desk.redis.xadd(keys.EVENTS, {"n": 1, "job": "j", "kind": "write", "snapshot": json.dumps(snapshot)})
    assert writer.write(desk.entries()) == 0
    with database.read() as connection:
        (job,) = connection.execute(select(schema.jobs)).mappings()
        (attempt,) = connection.execute(select(schema.job_attempts)).mappings()
    assert {name: job[name] for name in names} == {name: value[:200] for name, value in names.items()}
    assert attempt["worker"] == names["worker"][:200]


def test_what_is_too_much_for_a_database_costs_itself_only(
    desk: Desk, writer: Writer, database: Database, history: History, monkeypatch
):
    # Names that are not cut stand for whatever else may be beyond one of its limits.
    monkeypatch.setattr("headway.history.entries._NAME_MAX", 9_000)
    first = desk.create()
    snapshot = json.dumps({"seq": 1, "attempt": 1, "status": "queued", "task": incompressible(9_000)})
    desk.redis.xadd(keys.EVENTS, {"n": 2, "job": "j", "kind": "write", "snapshot": snapshot})
    last = desk.create()
    assert writer.write(desk.entries()) == (0 if database.is_sqlite else 1)
    assert [len(history.events(job_id).events) for job_id in (first, last)] == [1, 1]


def test_events_come_in_pages(desk: Desk, writer: Writer, history: History):
    job_id = desk.finished(4)
    writer.write(desk.entries())
    first = history.events(job_id, limit=5)
    second = history.events(job_id, after=first.next, limit=5)
    assert [event["seq"] for event in first.events + second.events] == [1, 2, 3, 4, 5, 6, 7]
    assert second.next is None


def test_entries_that_left_the_stream_unrecorded_are_counted(desk: Desk, writer: Writer, history: History):
    desk.finished(7)
    entries = desk.entries()
    writer.write(entries[:3])
    writer.write(entries[5:])
    assert history.missing(first_in_stream=1) == 0
    assert history.missing(first_in_stream=5) == 1
    assert history.missing(first_in_stream=None) == 2
    writer.write(entries[3:5])
    assert history.missing(first_in_stream=None) == 0
