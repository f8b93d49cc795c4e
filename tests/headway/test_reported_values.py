"""Values, metrics and log lines of a running attempt, on a real Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pytest

from headway.reporting import log, metric, phase, report, track
from tests.headway.desk import Desk, desk
from tests.wait import wait_for

__all__ = ["desk"]


def test_a_running_job_never_says_100_and_never_goes_back(desk: Desk) -> None:
    for percent in (40, 10, 250, float("nan")):
        report(percent=percent, message=str(percent))
        frames = desk.seen(lambda snapshot, said=str(percent): snapshot.message == said)
        assert frames[-1].percent == (99 if percent == 250 or percent != percent else 40)


def test_log_lines_go_to_their_own_stream_in_order(desk: Desk) -> None:
    log("one")
    log("two\x00é")
    desk.reporter.finish("null")
    assert desk.logged() == ["one", "two\ufffdé"]


def test_a_fault_in_a_value_is_said_once_in_the_log(desk: Desk) -> None:
    for _ in range(100):
        report(percent=float("nan"))
    desk.reporter.finish("null")
    assert sum("NaN" in line for line in desk.logged()) == 1


def test_every_metric_point_is_in_an_event_and_the_latest_in_the_snapshot(desk: Desk) -> None:
    for i in range(500):
        metric(loss=i, rate=float("nan"))
    desk.reporter.finish("null")
    assert desk.points() == [pair for i in range(500) for pair in (["loss", i], ["rate", None])]
    assert desk.now().metrics == {"loss": 499, "rate": None}


def test_what_a_pool_of_threads_says_counts(desk: Desk) -> None:
    def work(i: int) -> None:
        metric(done=i)
        log(f"line {i}")

    with ThreadPoolExecutor(4) as pool:
        for _ in track(pool.map(work, range(200)), total=200):
            pass
    desk.reporter.finish("null")
    assert sorted(point[1] for point in desk.points()) == list(range(200))
    assert desk.now().n == 200


def test_of_more_lines_and_points_than_are_kept_between_two_writes_the_newest_stay(redis_url: str) -> None:
    desk = Desk(redis_url, flush_s=5)
    desk.reporter.start()
    desk.reporter.log("first")
    wait_for(lambda: desk.logged() == ["first"], 15, "the first one is written")
    for i in range(2_500):
        desk.reporter.log(i)
        desk.reporter.metric({"i": i})
    desk.reporter.finish("null")
    assert desk.logged() == ["first", "headway: 500 lines did not fit here", *(str(i) for i in range(500, 2_500))]
    assert desk.points() == [["i", i] for i in range(1_500, 2_500)]
    assert desk.dropped() == (1_500, 500)


def test_a_total_that_grows_is_what_the_percent_is_measured_against(desk: Desk) -> None:
    for n, total, percent in ((5, 10, 50), (5, 20, 25), (4, 20, 25), (8, 20, 40)):
        report(n=n, total=total, message=f"{n} of {total}")
        frame = desk.seen(lambda snapshot, said=f"{n} of {total}": snapshot.message == said)[-1]
        assert (frame.n, frame.total, frame.percent) == (n, total, percent)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "x" * 10_000_000, b"\xff", object(), 10**400])
def test_no_value_breaks_the_job_or_its_snapshot(desk: Desk, value: Any) -> None:
    report(percent=value, message=value, n=value, total=value, unit=value)
    metric({value: value})
    log(value)
    for _ in track(range(2), desc=value, total=value, unit=value, weight=value):
        pass
    with phase(value, weight=value, of=value):
        pass
    report(percent=7, message="sound", n=0, total=0)
    desk.seen(lambda snapshot: snapshot.message == "sound")
    desk.reporter.finish("null")
    assert desk.now().status == "finished"


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        (pd.Series({"loss": 0.5, 7: 2}), {"loss": 0.5, "7": 2}),
        ({("a", 1): 3}, {"('a', 1)": 3}),
        (5, {"unnamed": 5}),
        ([1, 2], {"unnamed": None}),
        ("loss", {"unnamed": None}),
        ({}, {}),
    ],
)
def test_metrics_are_taken_from_whatever_has_values_by_name(
    desk: Desk, measured: Any, shown: dict[str, float | None]
) -> None:
    metric(measured, more=1)
    desk.reporter.finish("null")
    assert desk.now().metrics == {**shown, "more": 1}


class Endless:
    """Has an item, and a length that is none."""

    def __init__(self, length: object) -> None:
        self._length = length

    def __len__(self) -> int:
        if isinstance(self._length, Exception):
            raise self._length
        return self._length  # type: ignore[return-value]

    def __iter__(self) -> Iterator[int]:
        return iter([1])


@pytest.mark.parametrize(
    ("items", "total"),
    [
        (range(10**30), 1e30),
        (range(7 * 10**30, 0, -7), 1e30),
        (Endless(RuntimeError("no")), None),
        (Endless(-1), None),
        (Endless("many"), None),
    ],
)
def test_a_length_that_python_cannot_say_breaks_no_loop(desk: Desk, items: Any, total: float | None) -> None:
    for _ in track(items, desc="items"):
        frame = desk.seen(lambda snapshot: bool(snapshot.bars))[-1]
        break
    assert frame.total == total
