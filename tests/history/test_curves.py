"""How jobs went on."""

import pytest

from headway.errors import JobNotFound
from headway.history.curves import POINTS_MAX, ProgressCurves
from headway.history.database import Database
from headway.history.writing import Writer
from tests.history.past import Past


@pytest.fixture
def past(writer: Writer) -> Past:
    return Past(writer)


@pytest.fixture
def curves(database: Database) -> ProgressCurves:
    return ProgressCurves(database)


def points(curve) -> list[tuple[float, int]]:
    return [(point.t_s, point.percent) for point in curve.points]


def test_a_pause_takes_no_time_of_a_curve(past: Past, curves: ProgressCurves):
    past.write("a", "10:00:00", "queued", task="count")
    past.write("a", "10:00:05", "started", task="count")
    past.write("a", "10:00:10", "running", task="count", percent=40, n=4, total=10)
    past.write("a", "10:00:11", "paused", task="count", percent=40)
    past.write("a", "10:30:00", "running", task="count", percent=40)
    past.write("a", "10:30:04", "finished", task="count", percent=100)
    (curve,) = curves.of_job("a").curves
    assert points(curve) == [(0, 0), (5, 40), (6, 40), (6, 40), (10, 100)]
    assert (curve.status, curve.points[1].n, curve.points[1].total) == ("finished", 4, 10)


def test_each_attempt_is_a_curve_of_its_own(past: Past, curves: ProgressCurves):
    past.write("a", "10:00", "started")
    past.write("a", "10:01", "running", percent=70)
    past.write("a", "10:02", "queued", attempt=2)
    past.write("a", "10:05", "started", attempt=2)
    past.write("a", "10:06", "running", attempt=2, percent=10)
    assert [(one.attempt, points(one)) for one in curves.of_job("a").curves] == [
        (1, [(0, 0), (60, 70)]), (2, [(0, 0), (60, 10)]),
    ]  # fmt: skip


def test_a_long_curve_keeps_its_ends(past: Past, curves: ProgressCurves):
    past.write("a", "10:00", "started")
    for i in range(1, 240):
        past.write("a", f"10:{i // 60:02d}:{i % 60:02d}", "running", percent=i // 3)
    (curve,) = curves.of_job("a").curves
    assert len(curve.points) == POINTS_MAX
    assert (points(curve)[0], points(curve)[-1]) == ((0, 0), (239, 79))


def test_a_tasks_last_finished_runs_come_newest_first(past: Past, curves: ProgressCurves):
    for job_id, finished in (("a", "10:10"), ("b", "10:30"), ("c", "10:20")):
        past.job(job_id, "10:00", "10:00", finished)
    past.job("failed", "10:00", "10:00", "10:50", "failed")
    past.job("other", "10:00", "10:00", "10:50", task="read")
    assert [one.job_id for one in curves.of_task("count", 2).curves] == ["b", "c"]
    assert curves.of_task("nobody").curves == []


def test_a_job_that_never_started_has_none_and_an_unknown_one_is_not_there(past: Past, curves: ProgressCurves):
    past.job("a", "10:00", None, "10:01", "canceled")
    assert curves.of_job("a").curves == []
    with pytest.raises(JobNotFound):
        curves.of_job("nobody")
