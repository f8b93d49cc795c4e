"""Numbers in words."""

import pytest

from headway.quantities import count, duration, number, rate


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (12.3, "12 s"),
        (59.7, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1,234,567"), (3.0, "3"), (0.123456, "0.1235"), (1234.56, "1,235"), (-2, "-2")]
)
def test_numbers_have_their_thousands_apart(value: float, text: str) -> None:
    assert number(value) == text


def test_a_count_names_its_unit_unless_nobody_did() -> None:
    assert count(120_000, 336_776, "rows") == "120,000 of 336,776 rows"
    assert count(3, None, "it") == "3"


@pytest.mark.parametrize(
    ("per_s", "unit", "text"),
    [
        (2351.6, "rows", "2,352 rows/s"),
        (1.25, None, "1.2/s"),
        (0.97, "steps", "1 steps/s"),
        (0.2, "epoch", "5 s per epoch"),
        (0.2, "it", "5 s each"),
        (0, "it", "standing still"),
    ],
)
def test_a_slow_rate_is_told_as_time_for_each(per_s: float, unit: str | None, text: str) -> None:
    assert rate(per_s, unit) == text


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("groups", "per group"),
        ("rows", "per row"),
        ("files", "per file"),
        ("batches", "per batch"),
        ("classes", "per class"),
        ("boxes", "per box"),
        ("epochs", "per epoch"),
        ("resamples", "per resample"),
        ("training steps", "per training step"),
        ("URLs", "per URL"),
        ("row", "per row"),
        ("process", "per process"),
        ("B", "per B"),
        ("Zeilen", "per Zeilen"),
        ("it", "each"),
        ("s", "each"),
        ("ms", "each"),
        ("GPUs", "per GPU"),
        ("caches", "each"),
        ("series", "each"),
        ("movies", "each"),
        ("indices", "each"),
        ("cases", "each"),
        ("halves", "each"),
        ("axes", "each"),
        ("status", "each"),
        ("analysis", "each"),
    ],
)
def test_the_unit_of_the_time_for_each_is_singular_or_left_out(unit: str, words: str) -> None:
    assert rate(1 / 34, unit) == f"34 s {words}"
