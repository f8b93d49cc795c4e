"""History stays within its bounds."""

import json
import time

import pytest

from headway import keys
from headway.clock import format_utc, utc_now
from headway.history.reading import History
from headway.history.tidying import Tidier
from headway.history.writing import Writer
from tests.history.desk import Desk

DAY_S = 86_400.0
#: A time that no test's own writes come near to.
NOW_S = time.time() + 1_000 * DAY_S
YOUNG = {"history_keep_s": 10_000 * DAY_S, "history_thin_s": 5_000 * DAY_S}


def tidy(database, settings, now_s: float = NOW_S, step_rows: int = 5_000, **bounds: float) -> None:
    tidier = Tidier(database, settings.model_copy(update=YOUNG | bounds), step_rows=step_rows)
    while tidier.step(now_s):
        pass


def messages(history: History, job_id: str) -> list[str]:
    return [event["message"] for event in history.events(job_id).events]


def test_young_history_stays_as_it_is(settings, database, desk: Desk, writer: Writer, history: History):
    job_id = desk.finished(5)
    writer.write(desk.entries())
    tidy(database, settings)
    assert len(messages(history, job_id)) == 8


def test_old_history_is_removed_with_its_jobs(settings, database, desk: Desk, writer: Writer, history: History):
    old = desk.finished(3)
    writer.write(desk.entries())
    tidy(database, settings, history_keep_s=DAY_S)
    assert messages(history, old) == []
    assert history.snapshot(old) is None
    assert history.attempts(old) == []


def test_a_job_that_goes_on_stays_without_its_old_events(settings, database, desk, writer, history):
    job_id = desk.create()
    writer.write(desk.entries())
    # The next event is of a time to come.
    later = format_utc(NOW_S)
    times = {"created_at": utc_now(), "updated_at": later}
    snapshot = {"seq": 2, "attempt": 1, "status": "running", "message": "on"} | times
    desk.redis.xadd(keys.EVENTS, {"n": 2, "job": job_id, "kind": "write", "snapshot": json.dumps(snapshot)})
    writer.write(desk.entries())
    tidy(database, settings, history_keep_s=DAY_S)
    assert messages(history, job_id) == ["on"]
    assert history.snapshot(job_id) is not None


@pytest.mark.parametrize("step_rows", [1, 3, 5_000])
def test_old_events_are_thinned_out(settings, database, desk, writer, history, step_rows):
    job_id = desk.create()
    desk.start(job_id)
    for n in (1, 2, 3):
        desk.report(job_id, n)
    desk.report(job_id, 3, status="paused", message="held")
    for n in (4, 5, 6):
        desk.report(job_id, n)
    desk.fail(job_id, again=True)
    desk.start(job_id, 2)
    desk.report(job_id, 7)
    desk.report(job_id, 8)
    writer.write(desk.entries())
    tidy(database, settings, history_thin_s=DAY_S, step_rows=step_rows)
    assert [(event["status"], event["n"]) for event in history.events(job_id).events] == [
        ("queued", None), ("started", None), ("running", 1), ("paused", 3), ("running", 4),
        ("queued", None), ("started", None), ("running", 7), ("running", 8),
    ]  # fmt: skip


def test_the_first_event_of_an_attempt_stays_even_if_it_begins_in_the_middle(settings, database, desk, writer, history):
    job_id = desk.create()
    desk.start(job_id)
    desk.report(job_id, 1)
    desk.fail(job_id, again=True)
    desk.start(job_id, 2)
    for n in (2, 3, 4):
        desk.report(job_id, n)
    # What was between left the stream before anybody recorded it.
    writer.write([entry for entry in desk.entries() if b'"running"' in entry.fields[b"snapshot"]])
    tidy(database, settings, history_thin_s=DAY_S)
    assert [(event["attempt"], event["n"]) for event in history.events(job_id).events] == [(1, 1), (2, 2), (2, 4)]


def test_of_too_many_events_the_newest_stay(settings, database, desk, writer, history):
    old, new = desk.finished(100), desk.finished(50)
    writer.write(desk.entries())
    tidy(database, settings, history_rows_max=100, step_rows=7)
    assert len(messages(history, old)) == 47
    assert len(messages(history, new)) == 53
