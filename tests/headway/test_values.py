"""What a job reports never raises, and comes out fit to show."""

import json
import math
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.values import count, error_detail, error_type, metric_name, number, percent, text, total

NAN, INF = math.nan, math.inf

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.decimals(), st.fractions(),
    st.complex_numbers(), st.lists(st.integers()), st.builds(object), st.integers(0, 500).map(lambda power: 10**power),
)  # fmt: skip


class Hostile:
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def item(self) -> object:
        raise RuntimeError("no item")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (0.5, 0.5),
        (True, 1),
        (Decimal("2.5"), 2.5),
        (Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), 1),
        (np.array(3), 3),
        (np.array([2.5]), 2.5),
        (np.longdouble(2), 2.0),
        (2**53, 2**53),
        (2**53 + 1, float(2**53)),
    ],
)
def test_numbers_of_every_make_become_int_or_float(value: object, expected: float) -> None:
    result = number(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    "value",
    [NAN, INF, -INF, np.nan, Decimal("NaN"), Decimal("sNaN"), 10**400, "5", b"5", np.str_("5"), 1j, [1], np.arange(3),
     np.ma.masked, np.datetime64("NaT", "s"), object(), Hostile()],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_finite_number_is_unknown_and_said(value: object) -> None:
    said: list[str] = []
    assert number(value, said.append) is None
    assert len(said) == 1


def test_none_is_unknown_and_no_fault() -> None:
    said: list[str] = []
    assert number(None, said.append) is None
    assert total(None, said.append) is None
    assert said == []


@given(ANYTHING)
def test_whatever_is_reported_can_be_written_as_strict_json(value: Any) -> None:
    shown = [number(value), percent(value), count(value), total(value), text(value, 50), metric_name(value)]
    json.dumps(shown, allow_nan=False).encode()
    assert 0 <= percent(value) <= 99


@pytest.mark.parametrize(
    ("value", "expected"),
    [(33.7, 33), (0.29 * 100, 29), (99.99, 99), (100, 99), (250, 99), (-3, 0), (NAN, 0), ("a", 0), (1e300, 99)],
)
def test_a_percent_is_a_whole_number_rounded_down_and_below_100(value: object, expected: int) -> None:
    result = percent(value)
    assert result == expected
    assert type(result) is int


def test_only_a_finished_job_shows_100() -> None:
    assert percent(100, ceiling=100) == 100


def test_a_percent_out_of_range_is_said_but_100_is_not() -> None:
    said: list[str] = []
    percent(100, said.append)
    assert said == []
    percent(101, said.append)
    assert said == ["a percent outside 0..100 is clamped"]


def test_a_negative_n_is_zero_and_a_negative_total_unknown() -> None:
    assert count(-2) == 0
    assert total(-2) is None
    assert total(0) == 0


def test_an_infinite_total_is_tqdms_word_for_unknown() -> None:
    said: list[str] = []
    assert total(INF, said.append) is None
    assert said == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("Größe\n\tok", "Größe\n\tok"),
        ("a\x00b\x07\x85", "a\ufffdb\ufffd\ufffd"),
        ("\ud800x", "\ufffdx"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("line\r\nnext", "line\nnext"),
        (42, "42"),
        (Hostile(), "<unprintable Hostile>"),
        (10**5000, "<unprintable int>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_text_keeps_only_what_can_be_shown(value: object, expected: str) -> None:
    assert text(value, 100) == expected


def test_a_long_text_is_cut_at_its_limit_and_said() -> None:
    said: list[str] = []
    assert text("abcdef", 4, said.append) == "abc…"
    assert said == ["a text longer than 4 characters is cut"]
    assert text("abcd", 4) == "abcd"


def test_ten_megabytes_of_message_cost_next_to_nothing() -> None:
    message = "\x00é" * 5_000_000
    began = time.perf_counter()
    assert len(text(message, 1_000)) == 1_000
    assert time.perf_counter() - began < 0.05


def test_an_errors_detail_fits_its_bytes() -> None:
    detail = error_detail(ValueError("é" * 100), 51)
    assert detail == "é" * 24 + "…"
    assert len(detail.encode()) == 51


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_no_errors_detail_exceeds_its_bytes(said: str, max_bytes: int) -> None:
    assert len(error_detail(ValueError(said), max_bytes).encode()) <= max_bytes


@pytest.mark.parametrize("raised", [RuntimeError, RecursionError, SystemExit])
def test_an_exception_whose_text_raises_has_a_detail(raised: type[BaseException]) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise raised

    assert error_detail(Mute(), 100) == "<unprintable Mute>"


@pytest.mark.parametrize(
    ("name", "shown"), [("Odd\x07\n\x1b[31mError", "Odd\ufffd Error"), ("E" * 10_000, "E" * 199 + "…")]
)
def test_an_errors_type_is_one_short_line(name: str, shown: str) -> None:
    assert error_type(type(name, (Exception,), {})()) == shown


@pytest.mark.parametrize(
    ("name", "expected"), [("loss", "loss"), ("val\n loss ", "val loss"), ("", "unnamed"), (3, "3")]
)
def test_a_metrics_name_is_one_line(name: object, expected: str) -> None:
    assert metric_name(name) == expected


def test_a_sentence_never_quotes_the_value() -> None:
    said: set[str] = set()
    for value in (NAN, INF, -INF):
        number(value, said.add)
    for step in range(3):
        percent(100.5 + step, said.add)
    assert len(said) == 2
