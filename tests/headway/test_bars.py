"""How bars inside and beside one another add up to one honest fraction."""

import gc

import pytest

from headway.bar import Bar
from headway.bars import BARS_MAX, Bars


@pytest.fixture
def bars() -> Bars:
    return Bars()


def loop(bars: Bars, total: float | None, n: float = 0, weight: float = 1.0, desc: str = "") -> Bar:
    bar = bars.open(desc, total, "it", weight)
    bar.n = n
    return bar


def test_a_loop_inside_is_a_part_of_the_step_around_it(bars: Bars) -> None:
    loop(bars, total=4, n=1)
    loop(bars, total=10, n=5)
    assert bars.fraction == pytest.approx(1.5 / 4)


def test_from_the_second_step_on_each_of_several_loops_inside_counts_its_share(bars: Bars) -> None:
    outer = loop(bars, total=2)
    for _ in range(2):
        bars.close(loop(bars, total=5, n=5))
    outer.n = 1
    first = loop(bars, total=5, n=5)
    assert bars.fraction == pytest.approx(0.75)
    bars.close(first)
    assert bars.fraction == pytest.approx(0.75)
    loop(bars, total=10, n=5)
    assert bars.fraction == pytest.approx(0.875)


def test_a_loop_inside_that_is_left_half_way_takes_nothing_back(bars: Bars) -> None:
    outer = loop(bars, total=2)
    bars.close(loop(bars, total=2, n=2))
    outer.n = 1
    inner = loop(bars, total=2, n=1)
    assert bars.fraction == pytest.approx(0.75)
    bars.close(inner)
    assert bars.fraction == pytest.approx(0.75)


def test_steps_that_a_pool_works_at_side_by_side_all_count(bars: Bars) -> None:
    outer = loop(bars, total=100)
    bars.close(bars.mirror("", "it", 1.0, None))
    outer.n = 1
    for _ in range(4):
        bars.mirror("", "it", 1.0, None).told = 0.5
    assert bars.fraction == pytest.approx(0.03)


def test_before_the_first_step_is_done_what_a_pool_does_is_taken_for_one_step(bars: Bars) -> None:
    loop(bars, total=100)
    for _ in range(4):
        bars.mirror("", "it", 1.0, None).told = 0.5
    assert bars.fraction == pytest.approx(0.005)


def test_loops_beside_each_other_share_by_weight(bars: Bars) -> None:
    bars.close(loop(bars, total=10, n=10, weight=1))
    loop(bars, total=10, n=5, weight=3)
    assert bars.fraction == pytest.approx(2.5 / 4)


def test_phases_with_a_declared_whole_are_honest_from_the_first(bars: Bars) -> None:
    load = bars.open_phase("load", 1, 10)
    loop(bars, total=2, n=1)
    assert bars.fraction == pytest.approx(0.05)
    bars.close(load, complete=True)
    bars.open_phase("fit", 9, None)
    assert bars.fraction == pytest.approx(0.1)
    loop(bars, total=3, n=1)
    assert bars.fraction == pytest.approx(0.4)


def test_a_phase_of_which_nothing_is_known_is_unknown_until_it_is_done(bars: Bars) -> None:
    phase = bars.open_phase("load", 1, None)
    assert bars.fraction is None
    loop(bars, total=None, n=5)
    assert bars.fraction is None
    bars.close(phase, complete=True)
    assert bars.fraction == 1.0


def test_a_phase_that_broke_off_counts_what_it_reached(bars: Bars) -> None:
    phase = bars.open_phase("load", 1, None)
    bars.close(loop(bars, total=4, n=1))
    bars.close(phase)
    assert bars.fraction == 0.25


def test_the_latest_loop_inside_the_open_phase_speaks_for_the_job(bars: Bars) -> None:
    bars.open_phase("fit", 1, None)
    epochs = loop(bars, total=3)
    loop(bars, total=100)
    assert bars.main is epochs


def test_a_total_that_n_has_gone_beyond_is_unknown(bars: Bars) -> None:
    bar = loop(bars, total=5, n=6)
    assert (bar.goal, bar.fraction, bars.fraction) == (None, None, None)


def test_a_floats_imprecision_is_no_step_beyond(bars: Bars) -> None:
    bar = loop(bars, total=1.0, n=sum([0.1] * 10) + 1e-9)
    assert bar.fraction == 1.0


def test_a_list_that_grows_while_it_is_looped_over_has_its_new_length(bars: Bars) -> None:
    items = [1, 2]
    bar = bars.open("", len(items), "it", 1.0, items)
    bar.n = 2
    items += [3, 4]
    assert (bar.goal, bar.fraction) == (4, 0.5)


def test_nothing_to_do_is_done(bars: Bars) -> None:
    assert loop(bars, total=0).fraction == 1.0


@pytest.mark.parametrize("n", [float("nan"), -3, "many", None])
def test_an_n_that_is_no_number_is_none_done(bars: Bars, n: object) -> None:
    bar = loop(bars, total=10)
    bar.n = n  # type: ignore[assignment]
    assert (bar.count, bar.fraction) == (0, 0.0)


def test_of_more_bars_than_a_snapshot_carries_the_open_ones_stay(bars: Bars) -> None:
    for _ in range(30):
        bars.close(loop(bars, total=1, n=1, desc="over"))
    for _ in range(BARS_MAX):
        loop(bars, total=2, desc="open")
    members = bars.members(99)
    assert len(members) == BARS_MAX
    assert {bar["desc"] for bar in members} == {"open"}


def test_a_bar_that_is_collected_in_the_middle_of_a_look_does_not_lock_up(bars: Bars) -> None:
    class Forgotten:
        def __init__(self) -> None:
            self.me = self
            self.bar = loop(bars, total=2)

        def __del__(self) -> None:
            bars.close(self.bar)

    Forgotten()
    with bars._lock:
        gc.collect()
    assert not bars.any_open
