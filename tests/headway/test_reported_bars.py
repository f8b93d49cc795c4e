"""Loops and phases of a running attempt, as a watcher on a real Redis sees them."""

import threading
from typing import Self

from headway.reporting import phase, report, track
from headway.snapshot import JobError
from tests.headway.desk import Desk, desk

__all__ = ["desk"]


class LoopsElsewhere:
    """Threads that stand in a loop each, at its first of two steps, while the block lasts."""

    def __init__(self, n: int) -> None:
        self._inside, self._leave = threading.Barrier(n + 1), threading.Event()
        self._threads = [threading.Thread(target=self._loop, args=(f"loop {i}",)) for i in range(n)]

    @property
    def alive(self) -> int:
        return sum(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._inside.wait(15)
        return self

    def __exit__(self, *error: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _loop(self, desc: str) -> None:
        for i in track(range(2), desc=desc):
            if i == 0:
                self._inside.wait(15)
                self._leave.wait(15)


def test_an_unknown_total_is_never_an_invented_percent(desk: Desk) -> None:
    for i in track(iter(range(5)), desc="rows", unit="row"):
        if i == 3:
            break
    report(message="broken off")
    frame = desk.seen(lambda snapshot: snapshot.message == "broken off")[-1]
    assert (frame.n, frame.total, frame.percent, frame.fraction) == (3, None, 0, None)
    desk.reporter.fail(JobError())
    assert (desk.now().percent, desk.now().fraction) == (0, None)


def test_a_loop_that_ran_out_knows_its_total(desk: Desk) -> None:
    for _ in track(iter(range(5))):
        pass
    report(message="done")
    frame = desk.seen(lambda snapshot: snapshot.message == "done")[-1]
    assert (frame.n, frame.total, frame.percent, frame.fraction) == (5, 5, 99, 1.0)


def test_a_loop_far_inside_others_moves_the_snapshot(desk: Desk) -> None:
    for _ in track(range(1), desc="a"):
        for _ in track(range(1), desc="b"):
            for i in track(range(3), desc="c"):
                desk.seen(lambda snapshot, n=i: bool(snapshot.bars) and snapshot.bars[-1].n == n)


def test_the_loops_of_other_threads_are_bars_side_by_side(desk: Desk) -> None:
    with LoopsElsewhere(3) as loops:
        report(message="all there")
        frame = desk.seen(lambda snapshot: snapshot.message == "all there")[-1]
    assert sorted((bar.desc, bar.parent) for bar in frame.bars) == [(f"loop {i}", None) for i in range(3)]
    assert loops.alive == 0


def test_the_loops_of_a_pool_are_a_part_of_what_the_main_thread_waits_for(desk: Desk) -> None:
    for _ in track(range(2), desc="mine"):
        with LoopsElsewhere(2):
            report(message="all there")
            frame = desk.seen(lambda snapshot: snapshot.message == "all there")[-1]
        break
    assert (frame.bars[0].desc, frame.bars[0].parent) == ("mine", None)
    assert sorted((bar.desc, bar.parent) for bar in frame.bars[1:]) == [("loop 0", 1), ("loop 1", 1)]


def test_thousands_of_loops_one_after_the_other_cost_what_they_cost_one_by_one(desk: Desk) -> None:
    for _ in range(5_000):
        for _ in track([1]):
            pass
    report(message="done")
    frame = desk.seen(lambda snapshot: snapshot.message == "done")[-1]
    assert len(frame.bars) <= 64
    assert frame.fraction == 1.0


def test_nested_loops_are_bars_inside_one_another_and_share_one_percent(desk: Desk) -> None:
    for outer in track(range(2), desc="outer"):
        for inner in track(range(4), desc="inner"):
            if (outer, inner) == (1, 2):
                report(message="mark")
                frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert [(bar.desc, bar.n, bar.parent) for bar in frame.bars] == [("outer", 1, None), ("inner", 2, 1)]
    assert frame.percent == 75
    assert (frame.n, frame.total, frame.desc) == (1, 2, "outer")


def test_loops_one_after_the_other_share_the_percent_by_weight(desk: Desk) -> None:
    for _ in track(range(10), desc="load", weight=1):
        pass
    for i in track(range(10), desc="train", weight=3):
        if i == 5:
            report(message="mark")
            frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert frame.percent == 62


def test_a_phase_is_a_bar_and_weighs_what_was_declared(desk: Desk) -> None:
    with phase("load", weight=1, of=10):
        for i in track(range(2), desc="files"):
            if i == 1:
                report(message="mark")
                frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert [(bar.desc, bar.parent, bar.percent) for bar in frame.bars] == [("load", None, 50), ("files", 1, 50)]
    assert (frame.percent, frame.n, frame.total, frame.desc) == (5, 1, 2, "files")
    with phase("fit", weight=9):
        report(message="fitting")
        frame = desk.seen(lambda snapshot: snapshot.message == "fitting")[-1]
    assert (frame.percent, frame.fraction) == (10, 0.1)


def test_a_job_that_says_nothing_is_at_what_its_loop_is_called(desk: Desk) -> None:
    assert desk.now().message == "starting..."
    for _ in track(range(2), desc="reading"):
        desk.seen(lambda snapshot: snapshot.message == "reading")
        break


def test_loops_that_are_all_begun_at_once_do_not_nest_without_end(desk: Desk) -> None:
    columns = [track(range(2), desc=f"column {i}") for i in range(2_000)]
    for row, _ in enumerate(zip(*columns, strict=True)):
        if row == 1:
            report(message="second row")
            frame = desk.seen(lambda snapshot: snapshot.message == "second row")[-1]
    assert (len(frame.bars), frame.n, frame.total) == (64, 1, 2)
    desk.reporter.finish("1")
    assert (desk.now().status, desk.now().percent) == ("finished", 100)
