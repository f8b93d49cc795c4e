"""The position of a loop, read while it runs, and its end, however that comes."""

import gc
import threading
from collections.abc import Iterator

import pytest

from headway.steps import Steps


class Diary(Steps):
    """Steps that note what they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.at_checkpoint: list[int] = []

    def begin(self) -> None:
        self.told.append("begin")

    def checkpoint(self) -> None:
        self.at_checkpoint.append(self.n)

    def ran_out(self) -> None:
        self.told.append(f"ran out at {self.n}")

    def left(self) -> None:
        self.told.append(f"left at {self.n}")


@pytest.mark.parametrize("length", [0, 1, 2, 31, 32, 33, 95, 96, 97, 20_000])
def test_every_item_comes_once_in_order_and_n_is_what_is_done(length: int) -> None:
    steps = Diary()
    assert [(item, steps.n) for item in steps.over(range(length))] == [(i, i) for i in range(length)]
    gc.collect()
    assert steps.n == length
    assert steps.told == ["begin", f"ran out at {length}", f"left at {length}"]


def test_the_item_that_a_loop_broke_off_at_is_not_done() -> None:
    steps = Diary()
    for item in steps.over(range(100)):
        if item == 40:
            break
    assert (steps.n, steps.told[-1]) == (40, "left at 40")


def test_an_exception_in_the_body_ends_the_loop_where_it_was() -> None:
    steps = Diary()
    with pytest.raises(ZeroDivisionError):
        for item in steps.over(range(3)):
            1 / (item - 1)
    assert steps.told == ["begin", "left at 1"]


def test_an_exception_of_the_items_comes_through_and_ends_the_loop() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    steps = Diary()
    with pytest.raises(OSError, match="gone"):
        list(steps.over(items()))
    assert steps.told == ["begin", "left at 1"]


def test_a_loop_that_nobody_begins_opens_nothing() -> None:
    steps = Diary()
    steps.over(range(3))
    assert steps.told == ["left at 0"]


@pytest.mark.parametrize("at", [0, 1, 31, 32, 40, 5_000])
def test_an_interrupt_reaches_the_very_next_step_and_loses_no_item(at: int) -> None:
    steps = Diary()
    seen = []
    for item in steps.over(range(10_000)):
        seen.append(item)
        if item == at:
            steps.at_checkpoint.clear()
            steps.interrupt()
            assert steps.n == at
        if item == at + 1:
            assert steps.at_checkpoint == [at + 1]
    assert seen == list(range(10_000))
    assert steps.n == 10_000


def test_interrupts_from_another_thread_never_miscount() -> None:
    steps = Diary()
    over = threading.Event()

    def interrupt() -> None:
        while not over.is_set():
            steps.interrupt()

    other = threading.Thread(target=interrupt)
    other.start()
    try:
        total = sum(1 for _ in steps.over(range(300_000)))
    finally:
        over.set()
        other.join()
    assert (total, steps.n) == (300_000, 300_000)
    assert steps.at_checkpoint == sorted(steps.at_checkpoint)


def test_what_a_checkpoint_raises_ends_the_loop() -> None:
    class Canceled(Diary):
        def checkpoint(self) -> None:
            raise InterruptedError

    steps = Canceled()
    with pytest.raises(InterruptedError):
        for item in steps.over(range(100)):
            if item == 5:
                steps.interrupt()
    assert steps.told[-1] == "left at 6"
