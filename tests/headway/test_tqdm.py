"""tqdm's public behaviour inside a job that reports to a real Redis."""

import gc
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tqdm.contrib import concurrent

from headway.errors import JobCanceled
from headway.tqdm import process_map, thread_map, tqdm, trange
from tests.headway.desk import Desk, desk

__all__ = ["desk"]


def test_a_loop_yields_its_items_and_reports_each(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    bar = tqdm(["a", "b", "c"], desc="letters", unit="letter")
    assert (len(bar), bool(bar), list(bar), bar.n) == (3, True, ["a", "b", "c"], 3)
    last = desk.seen(lambda frame: frame.n == 3)[-1]
    assert (last.total, last.bars[0].desc, last.bars[0].unit) == (3, "letters", "letter")
    assert capsys.readouterr() == ("", "")


def test_update_takes_what_tqdm_takes(desk: Desk) -> None:
    with tqdm(total=10) as bar:
        bar.update()
        bar.update(4.5)
        bar.update(-2)
        assert bar.n == 3.5
        assert desk.seen(lambda frame: frame.n == 3.5)[-1].total == 10


@pytest.mark.parametrize("total", [None, float("inf")])
def test_a_total_that_nobody_knows_is_reported_as_unknown(desk: Desk, total: float | None) -> None:
    with tqdm(total=total) as bar:
        bar.update(7)
        last = desk.seen(lambda frame: frame.n == 7)[-1]
        assert (last.total, last.percent) == (None, 0)


def test_a_bar_begins_at_initial_and_again_at_zero_after_reset(desk: Desk) -> None:
    with tqdm(total=10, initial=4) as bar:
        desk.seen(lambda frame: (frame.n, frame.total) == (4, 10))
        bar.reset(total=20)
        desk.seen(lambda frame: (frame.n, frame.total) == (0, 20))


def test_numbers_of_a_postfix_are_metrics_and_text_is_not(desk: Desk) -> None:
    with tqdm(total=2) as bar:
        bar.set_postfix(loss=0.5, split="train")
        bar.set_postfix_str("free text")
        assert bar.postfix == "free text"
        last = desk.seen(lambda frame: bool(frame.metrics))[-1]
        assert set(last.metrics) == {"loss"}


@pytest.mark.parametrize(
    ("postfix", "shown"),
    [
        ({"loss": np.array([1, 2]), "one": np.array([3])}, {"one": 3}),
        ({"loss": pd.NA, "n": np.int64(3)}, {"n": 3}),
        ({"loss": np.float32("nan"), "of": [1]}, {"loss": None}),
        (pd.Series({"loss": 0.5}), {"loss": 0.5}),
        ([("loss", 1)], {"loss": 1}),
    ],
)
def test_a_postfix_of_numpys_and_pandas_values_breaks_nothing(
    desk: Desk, postfix: Any, shown: dict[str, float | None]
) -> None:
    with tqdm(total=2) as bar:
        bar.set_postfix(postfix)
    desk.reporter.finish("null")
    assert desk.now().metrics == shown


def test_a_description_and_a_count_set_by_hand_are_reported(desk: Desk) -> None:
    with tqdm(total=9) as bar:
        bar.set_description("first")
        desk.seen(lambda frame: bool(frame.bars) and frame.bars[0].desc == "first")
        bar.set_description_str("second")
        bar.n = 5
        bar.refresh()
        assert desk.seen(lambda frame: frame.n == 5)[-1].bars[0].desc == "second"


def test_a_disabled_bar_reports_nothing_and_none_is_not_disabled(desk: Desk) -> None:
    assert list(tqdm(range(3), disable=True)) == [0, 1, 2]
    list(tqdm(range(2), disable=None, desc="shown"))
    last = desk.seen(lambda frame: frame.n == 2)[-1]
    assert [bar.desc for bar in last.bars] == ["shown"]


def test_a_bar_inside_another_is_inside_it_in_the_snapshot(desk: Desk) -> None:
    for _ in trange(1, desc="outer"):
        for i in trange(2, desc="inner", leave=False):
            if i == 1:
                outer, inner = desk.seen(lambda frame: len(frame.bars) == 2)[-1].bars
                assert (outer.desc, inner.desc, inner.parent) == ("outer", "inner", outer.id)


def test_a_file_of_ones_own_gets_what_tqdm_draws(desk: Desk) -> None:
    drawn = io.StringIO()
    list(tqdm(range(3), file=drawn))
    tqdm.write("a line", file=drawn)
    assert "3/3" in drawn.getvalue()
    assert "a line\n" in drawn.getvalue()
    assert desk.seen(lambda frame: frame.n == 3)


def test_pandas_progress_apply_reports(desk: Desk) -> None:
    tqdm.pandas(desc="rows")
    assert pd.Series([1, 2, 3]).progress_apply(lambda x: x * 2).tolist() == [2, 4, 6]
    assert desk.seen(lambda frame: frame.n == 3)[-1].bars[0].desc == "rows"


@pytest.mark.parametrize("mapped", [thread_map, lambda *a: concurrent.thread_map(*a, tqdm_class=tqdm)])
def test_thread_map_reports(desk: Desk, mapped: Any) -> None:
    assert list(mapped(abs, [-1, -2, -3])) == [1, 2, 3]
    assert desk.seen(lambda frame: frame.n == 3)[-1].total == 3


def test_a_bar_that_nobody_closed_is_closed_when_it_is_collected(desk: Desk) -> None:
    bar = tqdm(total=2, desc="forgotten")
    bar.update()
    del bar
    gc.collect()
    with tqdm(total=3, desc="next"):
        last = desk.seen(lambda frame: bool(frame.bars) and frame.bars[-1].desc == "next")[-1]
        assert last.bars[-1].parent is None


def test_an_error_in_the_body_ends_the_bar_and_comes_out(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), tqdm(total=2) as bar:
        bar.update(1 / 0)
    list(tqdm(range(2), desc="next"))
    assert desk.seen(lambda frame: frame.bars[-1:] != [] and frame.bars[-1].desc == "next")[-1].bars[-1].parent is None


def test_a_cancel_reaches_the_next_step_and_the_next_update(desk: Desk) -> None:
    desk.reporter.asked = "cancel"
    with pytest.raises(JobCanceled):
        list(tqdm(range(3)))
    with pytest.raises(JobCanceled), tqdm(total=3) as bar:
        bar.update()


def test_a_loop_left_early_ends_its_bar_where_it_stood(desk: Desk) -> None:
    for i in trange(5, desc="left"):
        if i == 2:
            break
    gc.collect()
    with tqdm(total=3, desc="next"):
        left, following = desk.seen(lambda frame: len(frame.bars) == 2)[-1].bars
        assert (left.n, left.total, following.parent) == (2, 5, None)


def test_more_steps_than_the_total_lose_no_step(desk: Desk) -> None:
    with tqdm(total=2) as bar:
        bar.update(5)
        assert desk.seen(lambda frame: frame.n == 5)[-1].percent <= 99


def test_a_bar_knows_what_tqdm_says_of_it(desk: Desk) -> None:
    with tqdm(total=10, desc="rows", unit="B", unit_scale=True, position=3) as bar:
        bar.update(4)
        known = bar.format_dict
        assert (known["n"], known["total"], known["prefix"], known["unit"]) == (4, 10, "rows", "B")
        assert "40%" in str(bar)


def test_what_is_read_through_wrapattr_counts(desk: Desk) -> None:
    with tqdm.wrapattr(io.BytesIO(b"12345"), "read", total=5, desc="file") as stream:
        assert stream.read(3) == b"123"
        last = desk.seen(lambda frame: frame.n == 3)[-1]
        assert (last.total, last.bars[0].unit) == (5, "B")


def test_bars_in_threads_all_count(desk: Desk) -> None:
    with tqdm(total=3, desc="all") as bar, ThreadPoolExecutor(3) as pool:
        done = pool.map(lambda k: (list(trange(2, desc=f"part {k}")), bar.update()), range(3))
        assert [steps for steps, _ in done] == [[0, 1]] * 3
        assert desk.seen(lambda frame: frame.n == 3)[-1].total == 3


def test_write_is_a_log_line_and_prints_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    tqdm.write("one\ntwo")
    desk.reporter.finish("null")
    assert desk.logged() == ["one", "two"]
    assert capsys.readouterr() == ("", "")


def test_process_map_reports(desk: Desk) -> None:
    assert process_map(abs, [-1, -2, -3], max_workers=2) == [1, 2, 3]
    assert desk.seen(lambda frame: frame.n == 3)[-1].total == 3
