"""Roll-ups: the same counts as the jobs themselves, however these are written, and longer."""

import json
import random
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from headway import keys
from headway.analytics import TaskFigures
from headway.clock import format_utc, parse_utc
from headway.history import figures, rollups, schema
from headway.history.database import Database
from headway.history.entries import Entry
from headway.history.figures import Figures
from headway.history.tidying import Tidier
from headway.history.whose import EVERYBODYS, Whose
from headway.history.window import Window
from headway.history.writing import Writer
from headway.settings import Settings
from tests.history.desk import Desk
from tests.history.past import Past, at
from tests.history.rolled import make_anew

DAY_S = 86_400
BEGIN_S = parse_utc("2025-10-20T00:00:00Z")
#: Over two turns of the month and one of the year.
DAYS = 80


def entries(jobs: int) -> list[Entry]:
    """Jobs that ended at some time of these days, one entry each."""
    dice = random.Random(6)
    made = []
    for i in range(jobs):
        ended_s = BEGIN_S + dice.random() * DAYS * DAY_S
        wait_s, run_s = dice.choice([0.0, 0.4, 2.0]), dice.lognormvariate(1, 2)
        times = {"created_at": ended_s - run_s - wait_s, "started_at": ended_s - run_s, "finished_at": ended_s}
        snapshot = {
            "seq": 1, "attempt": 1, "job_id": f"j{i}", "task": dice.choice(["load", "train", None]),
            "owner": dice.choice(["ada", "ann", None]), "status": dice.choice([*rollups.ENDS, "finished"]),
            "elapsed_s": run_s, "updated_at": format_utc(ended_s),
        } | {name: format_utc(at_s) for name, at_s in times.items()}  # fmt: skip
        fields = {b"n": b"%d" % (i + 1), b"job": b"j%d" % i, b"kind": b"write"}
        made.append(
            Entry(keys.EVENTS, f"{int(ended_s * 1000)}-{i}", fields | {b"snapshot": json.dumps(snapshot).encode()})
        )
    return made


def kept(database: Database) -> list[tuple[object, ...]]:
    """All roll-ups that count anything."""
    with database.read() as connection:
        rows = connection.execute(select(schema.job_rollups).where(schema.job_rollups.c.jobs != 0)).all()
    return sorted(tuple(row) for row in rows)


def months(database: Database) -> dict[object, int]:
    """What happened to how many jobs, all months together; how long they took apart."""
    counts: dict[object, int] = {}
    for level, what, *_, jobs in kept(database):
        if level == "month" and what not in {rollups.WAIT, rollups.RUN}:
            counts[what] = counts.get(what, 0) + jobs
    return counts


def made_anew(database: Database) -> list[tuple[object, ...]]:
    """What they were if they were made of the jobs that there are now."""
    with database.write() as connection:
        make_anew(connection)
    return kept(database)


def close(ours: Sequence[TaskFigures], theirs: Sequence[TaskFigures]) -> None:
    """All counts the same, and percentiles at most 1 % apart."""
    for one, other in zip(ours, theirs, strict=True):
        assert one.model_dump(exclude={"wait_s", "run_s"}) == other.model_dump(exclude={"wait_s", "run_s"})
        for about in ("wait_s", "run_s"):
            for name in ("p50", "p95"):
                exact = getattr(getattr(other, about), name)
                assert getattr(getattr(one, about), name) == (None if exact is None else pytest.approx(exact, rel=0.01))


@pytest.mark.parametrize("whose", [EVERYBODYS, Whose("ada"), Whose(nobodys=False)])
@pytest.mark.parametrize("task", [None, "load"])
def test_a_long_time_has_the_counts_of_its_jobs_and_percentiles_close_to_theirs(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch, whose: Whose, task: str | None
) -> None:
    writer.write(entries(300))
    asked = Figures(database)
    windows = [
        Window(BEGIN_S - 400 * DAY_S, BEGIN_S + 400 * DAY_S),
        Window(BEGIN_S + 0.4 * DAY_S, BEGIN_S + 79.3 * DAY_S),
        Window(parse_utc("2025-11-01T00:00:00Z"), parse_utc("2026-01-01T00:00:00Z")),
        Window(parse_utc("2025-11-02T03:00:00Z"), parse_utc("2025-11-28T00:00:00Z")),
        Window(parse_utc("2025-11-15T03:00:00Z"), parse_utc("2025-12-02T00:00:00Z")),
    ]
    ours = [asked.tasks(window, task, whose) for window in windows]
    assert ours[0].total.jobs > 20
    monkeypatch.setattr(figures, "EXACT_S", float("inf"))
    for one, window in zip(ours, windows, strict=True):
        exact = asked.tasks(window, task, whose)
        close([one.total, *one.tasks], [exact.total, *exact.tasks])


def test_jobs_written_again_and_in_any_order_are_counted_once(database: Database, writer: Writer) -> None:
    shuffled = entries(60)
    random.Random(7).shuffle(shuffled)
    for i in range(0, 60, 7):
        writer.write(shuffled[: i + 7])
    found = kept(database)
    assert months(database)[rollups.SUBMITTED] == 60
    assert found == made_anew(database)


def test_a_job_that_goes_on_or_is_deleted_is_counted_as_it_is_now(
    database: Database, writer: Writer, desk: Desk
) -> None:
    past = Past(writer)
    past.job("again", "10:00", "10:01", "10:02", "failed")
    gone = desk.create()
    desk.start(gone)
    desk.fail(gone)
    writer.write(desk.entries())
    assert months(database) == {rollups.SUBMITTED: 2, "failed": 2}
    past.write("again", "10:03", "queued", task="count", created_at="10:00", attempt=2)
    desk.delete(gone)
    writer.write(desk.entries())
    assert months(database) == {rollups.SUBMITTED: 1}
    assert kept(database) == made_anew(database)


def test_what_has_become_too_old_to_be_kept_still_counts(
    database: Database, writer: Writer, settings: Settings
) -> None:
    writer.write(entries(60))
    whole = Window(BEGIN_S - DAY_S, BEGIN_S + 2 * DAYS * DAY_S)
    before, counted = Figures(database).tasks(whole), kept(database)
    tidier = Tidier(database, settings)
    while tidier.step(BEGIN_S + 1_000 * DAY_S):
        pass
    with database.read() as connection:
        assert connection.execute(select(schema.jobs.c.job_id)).all() == []
    assert (Figures(database).tasks(whole), kept(database)) == (before, counted)
    assert before.total.jobs == 60


def test_a_job_that_goes_on_after_its_history_was_tidied_still_counts_once(
    database: Database, writer: Writer, settings: Settings
) -> None:
    past = Past(writer)
    past.job("again", "10:00", "10:01", "10:02", "failed")
    # History is kept for a shorter time than Redis keeps the job.
    tidier = Tidier(database, settings.model_copy(update={"history_keep_s": 60.0, "keep_s": DAY_S}))
    while tidier.step(at("11:00")):
        pass
    past.write("again", "11:01", "queued", task="count", created_at="10:00", attempt=2)
    assert months(database) == {rollups.SUBMITTED: 1}


@pytest.mark.parametrize("task", [None, "load"])
def test_the_slowest_of_a_long_time_are_the_slowest_of_all_its_jobs(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch, task: str | None
) -> None:
    writer.write(entries(60))
    asked, window = Figures(database), Window(BEGIN_S + 3.5 * DAY_S, BEGIN_S + 60 * DAY_S)
    ours = asked.slowest(window, task, 10, Whose("ada"))
    assert ours.jobs
    monkeypatch.setattr(figures, "EXACT_S", float("inf"))
    assert ours == asked.slowest(window, task, 10, Whose("ada"))


@pytest.mark.parametrize("days", [1, 30])
def test_what_a_foreign_writer_says_of_times_breaks_no_figure(
    database: Database, writer: Writer, desk: Desk, days: int
) -> None:
    odd = '{"job_id": "%s", "status": "%s", "percent": 1, "elapsed_s": 1.79e308, "finished_at": "2025-10-28T10:00:00Z"}'
    for job_id, status in (("goes-on", "running"), ("is-over", "finished")):
        desk.redis.set(keys.snapshot(job_id), odd % (job_id, status))
        desk.store.read(job_id)
    writer.write(desk.entries())
    noon_s = parse_utc("2025-10-28T12:00:00Z")
    total = Figures(database).tasks(Window(noon_s - days * DAY_S, noon_s + days * DAY_S / 2)).total
    assert (total.jobs, total.finished) == (1, 1)
    assert total.run_s.p95 is not None


@pytest.mark.parametrize("seconds", [0.0011, 0.5, 1.0, 59.9, 86_400.0, 1e9])
def test_a_class_is_at_most_one_percent_off(seconds: float) -> None:
    assert rollups.seconds_of(rollups.class_of(seconds)) == pytest.approx(seconds, rel=0.01)


def test_no_time_at_all_is_none_in_its_class_too() -> None:
    assert rollups.seconds_of(rollups.class_of(0.0)) == 0
    assert rollups.percentile([], 50) is None
    assert rollups.percentile([(rollups.class_of(0.0), 0)], 50) is None
