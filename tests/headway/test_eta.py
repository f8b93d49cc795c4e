"""Rate and ETA: exact where work is even, uncertain where it is not, silent where nothing is known."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headway.eta import MAX_ETA_S, Eta, Rate, RateMeter, estimate

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
GAPS_S = st.lists(st.floats(min_value=0.001, max_value=1_000), min_size=3, max_size=40)
GAINS = st.lists(st.floats(min_value=0.001, max_value=1_000), min_size=3, max_size=40)


def metered(points: list[tuple[float, float]]) -> Rate | None:
    meter = RateMeter()
    for active_s, n in points:
        meter.add(active_s, n)
    return meter.rate(points[-1][0])


def stepped(gaps_s: list[float], gains: list[float]) -> list[tuple[float, float]]:
    points = [(0.0, 0.0)]
    for gap_s, gain in zip(gaps_s, gains, strict=False):
        points.append((points[-1][0] + gap_s, points[-1][1] + gain))
    return points


@given(GAPS_S, st.floats(min_value=0.01, max_value=1e6))
def test_a_constant_rate_comes_out_exactly_however_it_is_looked_at(gaps_s: list[float], per_s: float) -> None:
    points = stepped(gaps_s, [gap_s * per_s for gap_s in gaps_s])
    elapsed_s, n = points[-1]
    assume(elapsed_s >= 1)
    rate = metered(points)
    eta = estimate(n, n + 100 * per_s, elapsed_s, rate)
    assert rate is not None
    assert rate.per_s == pytest.approx(per_s)
    assert eta is not None
    assert eta.eta_s == pytest.approx(100, rel=1e-3)
    assert eta.range_s is None


@given(GAPS_S, GAINS, st.sampled_from([1e-6, 1e-3, 7, 1e6]))
def test_an_eta_does_not_depend_on_the_unit_of_n(gaps_s: list[float], gains: list[float], scale: float) -> None:
    points = stepped(gaps_s, gains)
    elapsed_s, n = points[-1]
    assume(elapsed_s >= 1)
    one = estimate(n, 2 * n, elapsed_s, metered(points))
    other = estimate(n * scale, 2 * n * scale, elapsed_s, metered([(s, n * scale) for s, n in points]))
    assume(one is not None)
    assert one is not None
    assert other is not None
    assert (other.eta_s, other.low_s, other.high_s) == pytest.approx((one.eta_s, one.low_s, one.high_s), rel=1e-3)


@given(GAPS_S, GAINS, st.floats(min_value=0.1, max_value=1e4), st.floats(min_value=0.1, max_value=1e4))
def test_more_to_do_never_takes_less_time(gaps_s: list[float], gains: list[float], some: float, more: float) -> None:
    points = stepped(gaps_s, gains)
    elapsed_s, n = points[-1]
    rate = metered(points)
    sooner, later = (estimate(n, n + todo, elapsed_s, rate) for todo in sorted((some, more)))
    if sooner and later:
        assert sooner.eta_s <= later.eta_s


@given(st.lists(st.tuples(ANY_FLOAT, ANY_FLOAT), max_size=12), ANY_FLOAT, ANY_FLOAT, ANY_FLOAT, ANY_FLOAT)
def test_no_points_make_it_raise_or_answer_wildly(
    points: list[tuple[float, float]], now_s: float, n: float, total: float, elapsed_s: float
) -> None:
    meter = RateMeter()
    for point in points:
        meter.add(*point)
    rate = meter.rate(now_s)
    assert rate is None or (math.isfinite(rate.per_s) and rate.per_s > 0)
    eta = estimate(n, total, elapsed_s, rate)
    assert eta is None or 0 <= eta.low_s <= eta.eta_s <= eta.high_s <= MAX_ETA_S


def test_nothing_is_estimated_before_two_points_and_one_second() -> None:
    assert metered([(0, 0)]) is None
    assert estimate(1, 10, 5, metered([(0, 0), (5, 1)])) is None
    assert estimate(2, 10, 0.5, metered([(0, 0), (0.2, 1), (0.5, 2)])) is None
    assert estimate(2, 10, 2, metered([(0, 0), (1, 1), (2, 2)])) is not None


def test_an_unknown_total_has_no_eta() -> None:
    assert estimate(2, None, 9, metered([(0, 0), (1, 1), (2, 2)])) is None


def test_what_is_done_takes_no_more_time() -> None:
    assert estimate(10, 10, 0, None) == Eta(0, 0, 0)
    assert estimate(0, 0, 0, None) == Eta(0, 0, 0)


def test_two_points_give_a_range_and_even_ones_soon_none() -> None:
    early = estimate(2, 10, 2, metered([(0, 0), (1, 1), (2, 2)]))
    later = estimate(4, 10, 4, metered([(float(s), float(s)) for s in range(5)]))
    assert early is not None
    assert early.range_s == pytest.approx((8 / 1.5, 12))
    assert later is not None
    assert later.range_s is None


def test_the_range_holds_the_truth_most_of_the_time() -> None:
    dice = random.Random(15)
    held = []
    for _ in range(60):
        gaps_s = [dice.lognormvariate(0, 0.7) for _ in range(60)]
        points = stepped(gaps_s, [1.0] * 60)
        elapsed_s = points[30][0]
        eta = estimate(30, 60, elapsed_s, metered(points[:31]))
        assert eta is not None
        held.append(eta.low_s <= points[60][0] - elapsed_s <= eta.high_s)
    assert 0.6 < sum(held) / len(held) < 0.97


def test_bursts_do_not_shake_the_rate() -> None:
    points = [(0.0, 0.0)]
    for _ in range(20):
        start_s, n = points[-1]
        points += [(start_s + 10 + 0.001 * k, n + k) for k in range(1, 11)]
    rates = [rate.per_s for rate in (metered(points[:end]) for end in range(60, len(points), 10)) if rate]
    assert all(0.7 < later / sooner < 1.4 for sooner, later in pairwise(rates))


def test_slow_uneven_steps_are_averaged_over_several() -> None:
    points = stepped([600, 1_800] * 20, [1.0] * 40)
    rates = [rate.per_s for rate in (metered(points[:end]) for end in range(30, 41)) if rate]
    assert rates == pytest.approx([1 / 1_200] * 11, rel=0.2)


def test_progress_in_no_time_is_no_rate() -> None:
    assert metered([(1, 0), (1, 5)]) is None
    assert metered([(0, 0), (1e-200, 5)]) is None


def test_points_at_the_same_instant_are_counted_together() -> None:
    rate = metered([(0, 0), (1, 10), (1, 20), (2, 40)])
    assert rate is not None
    assert rate.per_s == pytest.approx(20, rel=0.2)


def test_a_count_that_starts_again_keeps_its_rate() -> None:
    rate = metered([(0, 0), (1, 10), (2, 20), (3, 0), (4, 10), (5, 20)])
    assert rate is not None
    assert rate.per_s == pytest.approx(10)


def test_a_new_pace_replaces_the_old_one() -> None:
    slow = [(float(s), float(s)) for s in range(31)]
    rate = metered(slow + [(30.0 + s, 30.0 + 10 * s) for s in range(1, 61)])
    assert rate is not None
    assert rate.per_s > 8


def test_the_rate_sinks_while_a_step_is_overdue() -> None:
    meter = RateMeter()
    for s in range(11):
        meter.add(s, s)
    rates = [meter.rate(at_s) for at_s in (10, 11.5, 30, 300)]
    per_s = [rate.per_s for rate in rates if rate]
    assert per_s[0] == pytest.approx(per_s[1])
    assert per_s[1] > per_s[2] > per_s[3] > 0


def test_a_guess_beyond_a_year_is_none() -> None:
    assert estimate(2, 1e12, 2, metered([(0, 0), (1, 1), (2, 2)])) is None
