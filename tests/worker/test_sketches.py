"""The sketches: exact while they can be, near the truth beyond, and never larger than they promise."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from worker.examples.sketches import Distinct, Frequent, Sample, quantiles


def objects(values: Any) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def test_a_sample_is_everything_up_to_its_capacity() -> None:
    sample = Sample(100)
    sample.add(objects(range(100)))
    assert sorted(sample.values()) == list(range(100))
    assert sample.exact


def test_a_larger_sample_is_near_the_truth_and_stays_small() -> None:
    sample = Sample(2_000)
    for start in range(0, 100_000, 1_000):
        sample.add(objects(range(start, start + 1_000)))
    assert len(sample.values()) == 2_000
    assert not sample.exact
    # Four standard errors of a quantile's rank: 4 * sqrt(0.25 / 2000) is 0.045.
    for share, value in zip((0.25, 0.5, 0.75), quantiles(sample.values(), (0.25, 0.5, 0.75)), strict=True):
        assert abs(value / 100_000 - share) < 0.045


@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_a_sample_does_not_depend_on_the_chunks(chunk: int) -> None:
    values = list(range(1_000))
    whole, parts = Sample(50), Sample(50)
    whole.add(objects(values))
    for start in range(0, 1_000, chunk):
        parts.add(objects(values[start : start + chunk]))
    assert sorted(parts.values()) == sorted(whole.values())


def test_different_values_are_counted_up_to_the_capacity() -> None:
    distinct = Distinct(1_000)
    distinct.add([f"v{number % 1_000}" for number in range(5_000)])
    assert (distinct.count(), distinct.exact) == (1_000, True)


def test_beyond_it_they_are_estimated_within_a_few_percent() -> None:
    distinct = Distinct(1_000)
    for start in range(0, 50_000, 500):
        distinct.add(range(start, start + 500))
        assert len(distinct._hashes) <= 2_000
    assert not distinct.exact
    assert abs(distinct.count() / 50_000 - 1) < 4 / 1_000**0.5


def test_frequent_values_are_exact_up_to_the_capacity() -> None:
    frequent = Frequent(3)
    frequent.add([("a", 5), ("b", 7)])
    frequent.add([("c", 5), ("a", 1)])
    assert frequent.top(2) == [("b", 7), ("a", 6)]
    assert frequent.short_by == 0


def test_beyond_it_no_count_is_short_by_more_than_promised() -> None:
    dice = random.Random(1)
    stream = [dice.choice("abc") if dice.random() < 0.5 else str(dice.randrange(10_000)) for _ in range(20_000)]
    frequent = Frequent(100)
    for start in range(0, len(stream), 500):
        frequent.add(Counter(stream[start : start + 500]).items())
    truth = Counter(stream)
    assert {value for value, _ in frequent.top(3)} == set("abc")
    assert 0 < frequent.short_by <= len(stream) / 101
    for value, count in frequent.top(100):
        assert count <= truth[value] <= count + frequent.short_by


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantiles([4, 1, 3, 2], [0, 0.25, 0.5, 0.51, 1]) == [1, 1, 2, 3, 4]
    assert quantiles([], [0.5]) == [None]
