"""Figures about many jobs, the same from each database."""

import time

import pytest
from sqlalchemy import text

from headway.errors import BadInput
from headway.history.database import Database
from headway.history.figures import Figures
from headway.history.whose import Whose
from headway.history.window import Window
from headway.history.writing import Writer
from tests.history.desk import Desk
from tests.history.past import Past, at


def window(since: str = "10:00", until: str = "12:00") -> Window:
    return Window(at(since), at(until))


@pytest.fixture
def past(writer: Writer) -> Past:
    return Past(writer)


@pytest.fixture
def figures(database: Database) -> Figures:
    return Figures(database)


def counts(figures: Figures, asked: Window, bucket="hour", task=None) -> dict[str, tuple[int, int, int, int]]:
    return {
        one.start[8:13]: (one.submitted, one.finished, one.failed, one.canceled)
        for one in figures.throughput(asked, bucket, task).buckets
    }


def test_each_hour_counts_what_came_and_what_ended_in_it(past: Past, figures: Figures):
    past.job("a", "10:10", "10:20", "10:59:59.999")
    past.job("b", "10:59:59.999", "11:00", "11:00", "failed")
    past.job("c", "11:30", None, "11:40", "canceled")
    past.job("d", "11:50", "11:51", None)
    assert counts(figures, window()) == {"28T10": (2, 1, 0, 0), "28T11": (2, 0, 1, 1)}


def test_an_hour_in_which_nothing_happened_is_there_with_0(past: Past, figures: Figures):
    past.job("a", "10:10", "10:20", "10:30")
    found = figures.throughput(window("09:00", "12:00"), "hour").buckets
    assert [one.finished for one in found] == [0, 1, 0]
    assert [one.failure_rate for one in found] == [None, 0, None]


def test_a_window_is_taken_out_to_whole_hours_and_days(past: Past, figures: Figures):
    past.job("a", "10:01", "10:02", "10:03")
    past.job("b", "27T23:59:59.999", "27T23:59:59.999", "27T23:59:59.999")
    assert list(counts(figures, window("10:30", "10:31"))) == ["28T10"]
    assert counts(figures, window("10:30", "10:31"))["28T10"] == (1, 1, 0, 0)
    assert counts(figures, window("27T12:00", "12:00"), "day") == {"27T00": (1, 1, 0, 0), "28T00": (1, 1, 0, 0)}


def test_hours_are_utc_whatever_the_database_thinks(past: Past, database: Database, figures: Figures):
    if database.is_sqlite:
        pytest.skip("SQLite knows no time zones")
    past.job("a", "10:10", "10:20", "10:30")
    with database.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(f"ALTER DATABASE {name} SET timezone TO 'Asia/Kathmandu'"))
    database.close()
    assert counts(figures, window("10:00", "11:00")) == {"28T10": (1, 1, 0, 0)}


def test_too_many_hours_are_refused_and_as_days_they_are_not(figures: Figures):
    long = Window(at("10:00") - 1_001 * 3_600, at("10:00"))
    with pytest.raises(BadInput, match="ask by day"):
        figures.throughput(long, "hour")
    assert len(figures.throughput(long, "day").buckets) == 43


def test_percentiles_are_values_by_nearest_rank(past: Past, figures: Figures):
    for i in range(1, 21):
        past.job(f"j{i}", "10:00", f"10:00:{i:02d}", "10:30", elapsed_s=100.0 * i)
    report = figures.tasks(window())
    assert (report.total.jobs, report.total.failure_rate) == (20, 0)
    assert (report.total.wait_s.p50, report.total.wait_s.p95) == (10, 19)
    assert (report.total.run_s.p50, report.total.run_s.p95) == (1_000, 1_900)


@pytest.mark.parametrize(("count", "p50", "p95"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (21, 11, 20)])
def test_a_rank_is_counted_in_whole_numbers(past: Past, figures: Figures, count: int, p50: int, p95: int):
    for i in range(1, count + 1):
        past.job(f"j{i}", "10:00", "10:00", "10:30", elapsed_s=float(i))
    (task,) = figures.tasks(window()).tasks
    assert (task.run_s.p50, task.run_s.p95) == (p50, p95)


def test_tasks_are_told_apart_and_a_task_can_be_asked_for(past: Past, figures: Figures):
    past.job("a", "10:00", "10:01", "10:02")
    past.job("b", "10:00", "10:01", "10:03", "failed")
    past.job("c", "10:00", "10:01", "10:04", task="read")
    past.job("lesson", "10:00", "10:01", "10:04", task=None)
    report = figures.tasks(window())
    assert [(one.task, one.jobs, one.failed, one.failure_rate) for one in report.tasks] == [
        ("count", 2, 1, 0.5), (None, 1, 0, 0), ("read", 1, 0, 0),
    ]  # fmt: skip
    assert (report.total.jobs, report.total.failed) == (4, 1)
    assert [one.task for one in figures.tasks(window(), "read").tasks] == ["read"]
    assert counts(figures, window("10:00", "11:00"), task="read") == {"28T10": (1, 1, 0, 0)}


def test_paused_time_is_no_run_time(past: Past, figures: Figures):
    past.job("a", "10:00", "10:00", "11:00", elapsed_s=600.0, paused_s=3_000.0)
    past.job("plain", "10:00", "10:00", "11:00", elapsed_s=None, paused_s=3_590.0)
    assert [(one.job_id, one.run_s) for one in figures.slowest(window()).jobs] == [("a", 600), ("plain", 10)]
    (worker,) = figures.workers(window("10:00", "12:00")).workers
    assert (worker.worker, worker.attempts, worker.busy_s) == ("w-1", 2, 610)


def test_a_job_counts_where_it_ended_last_and_waited_for_its_first_start(past: Past, figures: Figures):
    past.job("a", "10:00", "10:05", "10:10", "failed")
    past.write("a", "10:20", "queued", task="count", created_at="10:00", attempt=2)
    assert figures.tasks(window()).total.jobs == 0
    again = {"task": "count", "created_at": "10:00", "started_at": "10:30", "attempt": 2}
    past.write("a", "11:00", "finished", **again, finished_at="11:00", elapsed_s=1_800.0)
    (task,) = figures.tasks(window()).tasks
    assert (task.jobs, task.failed, task.wait_s.p50, task.run_s.p50) == (1, 0, 300, 1_800)


def test_the_slowest_come_first_and_no_more_than_asked_for(past: Past, figures: Figures):
    for job_id, finished in (("a", "10:10"), ("b", "10:50"), ("c", "10:30")):
        past.job(job_id, "10:00", "10:00", finished)
    past.job("never-started", "10:00", None, "10:59", "canceled")
    assert [one.job_id for one in figures.slowest(window(), limit=2).jobs] == ["b", "c"]


def test_a_worker_is_busy_as_long_as_its_attempts_are_in_the_window(past: Past, figures: Figures):
    past.job("before", "09:00", "09:00", "10:15")
    past.job("within", "10:30", "10:30", "10:45")
    past.job("after", "11:45", "11:45", "13:00")
    past.job("goes-on", "11:30", "11:30", None, worker="w-2")
    past.job("elsewhen", "13:00", "13:00", "13:30")
    found = figures.workers(window())
    assert [(one.worker, one.attempts, one.busy_s, one.utilization) for one in found.workers] == [
        ("w-1", 3, 2_700, 0.375), ("w-2", 1, 1_800, 0.25),
    ]  # fmt: skip


def test_whose_a_lesson_writers_job_is_cannot_be_claimed(desk: Desk, writer: Writer, figures: Figures):
    desk.redis.set("job:claimed:progress", '{"status": "finished", "percent": 100, "owner": "ann"}')
    desk.store.read("claimed")
    writer.write(desk.entries())
    now = Window(time.time() - 3_600, time.time() + 60)
    assert [one.jobs for one in figures.tasks(now).tasks] == [1]
    assert figures.tasks(now, whose=Whose("ann")).tasks == []
    assert figures.tasks(now, whose=Whose(nobodys=False)).tasks == []


def test_an_attempt_that_another_one_followed_goes_on_no_more(past: Past, figures: Figures):
    past.job("a", "10:00", "10:10", None)
    past.write("a", "10:20", "queued", task="count", created_at="10:00", attempt=2)
    assert figures.workers(window()).workers == []
