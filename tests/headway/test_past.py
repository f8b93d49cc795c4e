"""What past runs add to an estimate: known durations and unevenness, and no belief in what does not hold."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.eta import MAX_ETA_S, Eta, Forecast, Past, Run

TIMES_S = st.floats(min_value=0, max_value=1e9)


def run(duration_s: float, size: float | None = 100, setup_s: float = 0.0, power: float = 1.0) -> Run:
    """A run that took `fraction ** power` of its time to get to a fraction."""
    points = [(setup_s + duration_s * (i / 100) ** power, i / 100) for i in range(101)]
    return Run.of(points, size, setup_s + duration_s)


def after(past: Past, fraction: float, active_s: float, **given: object) -> Eta:
    wanted = {"size": 100, "current": None, "since": (0.0, 0.0)} | given
    eta = past.after(fraction, active_s, **wanted)
    assert eta is not None
    return eta


def test_a_run_like_the_others_is_told_their_duration_before_it_has_begun() -> None:
    eta = Past([run(60.0)] * 5).before(0.0, 100)
    assert eta is not None
    assert eta.eta_s == pytest.approx(60, rel=0.01)
    assert eta.range_s is not None


def test_preparing_counts_apart_from_the_work() -> None:
    past = Past([run(60.0, setup_s=10.0)] * 5)
    begun = past.before(4.0, 100)
    assert begun is not None
    assert begun.eta_s == pytest.approx(66, rel=0.01)
    assert after(past, 0.5, 50.0, since=(20.0, 0.0)).eta_s == pytest.approx(30, rel=0.01)


def test_a_run_of_another_size_takes_as_much_longer() -> None:
    past = Past([run(60.0 * factor, 100 * factor) for factor in (1, 2, 1, 3, 2, 1)])
    eta = past.before(0.0, 1_000)
    assert eta is not None
    assert eta.eta_s == pytest.approx(600, rel=0.05)


def test_a_run_that_has_not_said_its_size_is_told_what_is_usual() -> None:
    eta = Past([run(60.0, 100)] * 5).before(0.0, None)
    assert eta is not None
    assert eta.eta_s == pytest.approx(60, rel=0.01)


def test_runs_of_all_sizes_that_take_the_same_time_are_believed() -> None:
    eta = Past([run(60.0, size) for size in (100, 10_000, 1_000, 100_000, 10) * 3]).before(0.0, 1_000_000)
    assert eta is not None
    assert eta.eta_s == pytest.approx(60, rel=0.15)


def test_an_uneven_run_is_told_by_how_the_others_went() -> None:
    past = Past([run(60.0, power=2.0)] * 5)
    # Half way in a quarter of the time.
    assert after(past, 0.5, 15.0, current=Eta(15.0, 14.0, 16.0)).eta_s == pytest.approx(45, rel=0.1)


def test_a_run_much_slower_than_all_others_is_told_by_its_own_pace() -> None:
    past = Past([run(60.0 + i % 3) for i in range(10)])
    assert after(past, 0.5, 300.0, current=Eta(300.0, 290.0, 310.0)).eta_s == pytest.approx(300, rel=0.15)


def test_what_an_earlier_attempt_did_takes_this_one_no_time() -> None:
    past = Past([run(60.0)] * 5)
    assert after(past, 0.8, 6.0, since=(0.5, 0.7)).eta_s == pytest.approx(12, rel=0.15)


def test_the_newer_runs_count_more() -> None:
    slower = Past([run(10.0)] * 10 + [run(40.0)] * 10).before(0.0, 100)
    faster = Past([run(40.0)] * 10 + [run(10.0)] * 10).before(0.0, 100)
    assert slower is not None
    assert faster is not None
    assert slower.eta_s > 1.4 * faster.eta_s


def test_a_task_that_never_says_how_far_it_is_is_told_by_its_durations() -> None:
    past = Past([Run(None, (s,)) for s in (50.0, 60.0, 70.0, 60.0)])
    begun = past.before(10.0, None)
    assert begun is not None
    assert begun.eta_s == pytest.approx(50, rel=0.1)
    assert past.before(100.0, None) is None


def test_the_range_holds_the_truth_most_of_the_time() -> None:
    dice = random.Random(15)
    runs = [run(60 * dice.lognormvariate(0, 0.3), power=dice.uniform(0.9, 1.1)) for _ in range(60)]
    held = []
    for at in range(10, 60):
        this = runs[at]
        eta = after(Past(runs[:at]), 0.25, this.reached_s[5])
        held.append(eta.low_s <= this.reached_s[-1] - this.reached_s[5] <= eta.high_s)
    assert sum(held) / len(held) > 0.7


@given(
    st.lists(st.tuples(TIMES_S, st.none() | st.floats(min_value=0, max_value=1)), max_size=30),
    st.none() | st.floats(), TIMES_S, st.floats(), st.none() | st.floats(min_value=0, max_value=1),
)  # fmt: skip
def test_no_past_makes_it_raise_or_answer_wildly(
    points: list[tuple[float, float | None]],
    size: float | None,
    active_s: float,
    total: float,
    fraction: float | None,
) -> None:
    runs = [Run.of(sorted(points, key=lambda point: point[0]), size, 1e9), run(5.0), run(1e-9), Run(size, (3.0,))]
    forecast = Forecast()
    forecast.past = Past(runs)
    for seen, at_s in ((None, 0.0), (0.0, active_s / 2), (fraction, active_s)):
        eta = forecast.eta(seen, total, at_s, None)
        assert eta is None or 0 <= eta.low_s <= eta.eta_s <= eta.high_s <= MAX_ETA_S
        assert eta is None or math.isfinite(eta.eta_s)


def test_a_size_beyond_all_sense_is_no_time_that_is_shown() -> None:
    past = Past([run(60.0 * factor, 100.0 * factor) for factor in (1, 2, 3)])
    assert past.before(0.0, 1e300) is None
    assert after(past, 0.5, 30.0, size=1e-300).eta_s > 0


def test_without_a_past_the_own_rate_is_all_there_is() -> None:
    current = Eta(5.0, 4.0, 6.0)
    assert Forecast().eta(0.5, 10, 5.0, current) is current
    assert Forecast().eta(None, None, 5.0, None) is None
