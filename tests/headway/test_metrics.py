"""Points of metrics: the latest for the snapshot, every one for the event."""

import json

import numpy
import pytest

from headway.metrics import NAMES_MAX, POINTS_MAX, Metrics, as_extra
from headway.values import ignore


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(ignore)


def taken(metrics: Metrics) -> list[tuple[str, object]]:
    return [(name, value) for _, name, value in metrics.take()[0]]


def test_every_point_is_kept_in_order_and_the_latest_is_shown(metrics: Metrics) -> None:
    metrics.add({"loss": 2, "accuracy": 0.5})
    metrics.add({"loss": 1})
    assert metrics.latest == {"loss": 1, "accuracy": 0.5}
    assert taken(metrics) == [("loss", 2), ("accuracy", 0.5), ("loss", 1)]
    assert taken(metrics) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many", None, object()])
def test_what_is_no_number_is_null(metrics: Metrics, value: object) -> None:
    metrics.add({"loss": value})
    assert taken(metrics) == [("loss", None)]


def test_numpys_numbers_are_numbers(metrics: Metrics) -> None:
    metrics.add({"loss": numpy.float32(0.5), "n": numpy.int64(3)})
    assert metrics.latest == {"loss": 0.5, "n": 3}


def test_of_too_many_names_the_first_stay_and_that_is_said_once() -> None:
    said: list[str] = []
    metrics = Metrics(said.append)
    metrics.add({f"m{i}": i for i in range(10_000)})
    assert list(metrics.latest) == [f"m{i}" for i in range(NAMES_MAX)]
    assert len(set(said)) == 1


def test_of_too_many_points_the_newest_stay_and_the_dropped_are_counted(metrics: Metrics) -> None:
    for i in range(POINTS_MAX + 5):
        metrics.add({"i": i})
    points, dropped = metrics.take()
    assert ([points[0][2], points[-1][2]], dropped) == ([5, POINTS_MAX + 4], 5)


def test_points_that_could_not_be_written_come_back_in_front(metrics: Metrics) -> None:
    metrics.add({"i": 1})
    points, dropped = metrics.take()
    metrics.add({"i": 2})
    metrics.put_back(points, dropped)
    assert taken(metrics) == [("i", 1), ("i", 2)]


def test_what_comes_back_gives_way_to_what_is_new(metrics: Metrics) -> None:
    metrics.add({"i": -1})
    points, _ = metrics.take()
    for i in range(POINTS_MAX):
        metrics.add({"i": i})
    metrics.put_back(points, 0)
    points, dropped = metrics.take()
    assert (points[0][2], len(points), dropped) == (0, POINTS_MAX, 1)


def test_an_event_carries_points_as_json_and_nothing_where_there_are_none() -> None:
    assert as_extra([], 0) == ""
    assert json.loads(as_extra([(5, "é", None)], 2)) == {"points": [[5, "é", None]], "points_dropped": 2}
