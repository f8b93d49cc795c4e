"""Other people's code that only knows tqdm, inside a job."""

import io
import logging
import threading

import pytest
import tqdm as plain_tqdm
from tqdm.asyncio import tqdm as asyncio_tqdm
from tqdm.auto import tqdm as auto_tqdm
from tqdm.contrib.logging import logging_redirect_tqdm
from tqdm.notebook import tqdm as notebook_tqdm
from tqdm.rich import tqdm as rich_tqdm

from headway.tqdm import capture, tqdm
from tests.headway.desk import Desk, desk

__all__ = ["desk"]

# As tqdm has them before any capture.
MEMBERS = {name: vars(plain_tqdm.tqdm)[name] for name in ("__new__", "write")}


def captured() -> bool:
    return any(vars(plain_tqdm.tqdm)[name] is not member for name, member in MEMBERS.items())


@pytest.mark.parametrize("theirs", [plain_tqdm.tqdm, auto_tqdm, asyncio_tqdm])
def test_bars_of_every_class_report_while_captured_and_not_after(desk: Desk, theirs: type[tqdm]) -> None:
    with capture():
        assert list(theirs(range(4), desc="theirs")) == [0, 1, 2, 3]
    list(theirs(range(9), file=io.StringIO()))
    tqdm(total=1, desc="ours").close()
    last = desk.seen(lambda frame: bool(frame.bars) and frame.bars[-1].desc == "ours")[-1]
    assert [bar.desc for bar in last.bars] == ["theirs", "ours"]


@pytest.mark.parametrize(("theirs", "argument"), [(notebook_tqdm, "display"), (rich_tqdm, "options")])
def test_front_ends_of_tqdm_s_report_and_draw_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str], theirs: type[tqdm], argument: str
) -> None:
    with capture(), theirs(total=3, desc="theirs", **{argument: {}}) as bar:
        bar.update(2)
        bar.set_postfix(loss=1)
        assert desk.seen(lambda frame: frame.n == 2)[-1].bars[0].desc == "theirs"
    assert capsys.readouterr() == ("", "")


def test_a_class_that_somebody_made_from_tqdm_s_keeps_what_it_adds(desk: Desk) -> None:
    class Named(plain_tqdm.tqdm):  # type: ignore[type-arg]
        def __init__(self, name: str) -> None:
            super().__init__(total=2, desc=f"<{name}>")

    with capture(), Named("a") as bar:
        bar.update()
        assert isinstance(bar, Named)
        assert desk.seen(lambda frame: frame.n == 1)[-1].bars[0].desc == "<a>"


def test_what_they_write_above_their_bars_is_a_log_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = io.StringIO()
    with capture(), plain_tqdm.tqdm(total=1) as bar:
        plain_tqdm.tqdm.write("one\ntwo")
        auto_tqdm.write("three")
        bar.write("four")
        auto_tqdm.write("into a file", file=drawn)
    desk.reporter.finish("null")
    assert desk.logged() == ["one", "two", "three", "four"]
    assert drawn.getvalue() == "into a file\n"
    assert capsys.readouterr() == ("", "")


def test_what_they_log_around_their_bars_is_a_log_line(desk: Desk) -> None:
    theirs = logging.getLogger("theirs")
    theirs.addHandler(logging.StreamHandler())
    with capture(), logging_redirect_tqdm([theirs]):
        theirs.warning("careful")
    desk.reporter.finish("null")
    assert desk.logged() == ["careful"]


def test_what_they_write_is_printed_again_after_the_capture(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with capture():
        pass
    auto_tqdm.write("printed")
    desk.reporter.finish("null")
    assert (capsys.readouterr().out, desk.logged()) == ("printed\n", [])


def test_captures_that_overlap_in_threads_end_with_the_last_one_in_whatever_order() -> None:
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    held: list[bool] = []

    def first() -> None:
        with capture():
            first_in.set()
            second_in.wait(10)
        held.append(captured())
        first_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert first_in.wait(10)
    with capture():
        second_in.set()
        assert first_out.wait(10)
        held.append(captured())
    thread.join()
    assert held == [True, True]
    assert not captured()


def test_a_capture_that_is_left_by_an_error_ends_too() -> None:
    with pytest.raises(KeyError), capture(), capture():
        raise KeyError
    assert not captured()


def test_many_threads_that_capture_at_once_leave_tqdm_as_it_was() -> None:
    everybody = threading.Barrier(8)

    def often() -> None:
        everybody.wait(10)
        for _ in range(200):
            with capture():
                pass

    threads = [threading.Thread(target=often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not captured()
