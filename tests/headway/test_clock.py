"""Times on the wire: RFC 3339, UTC, milliseconds, Z."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.clock import format_utc, parse_utc, utc_now


def test_now_is_now_in_milliseconds_and_z() -> None:
    text = utc_now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert abs(parse_utc(text) - time.time()) < 5


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_every_millisecond_survives_the_way_to_text_and_back(epoch_ms: int) -> None:
    assert round(parse_utc(format_utc(epoch_ms / 1000)) * 1000) == epoch_ms


@pytest.mark.parametrize(
    ("text", "epoch_s"),
    [
        ("2025-10-28T10:21:34.123456Z", 1761646894.123456),
        ("2025-10-28T10:21:34Z", 1761646894.0),
        ("2025-10-28T12:21:34.5+02:00", 1761646894.5),
        ("2025-10-28t10:21:34.123456789z", 1761646894.123456),
    ],
)
def test_the_lessons_microseconds_and_offsets_are_read(text: str, epoch_s: float) -> None:
    assert parse_utc(text) == pytest.approx(epoch_s, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2025-10-28",
        "2025-10-28T10:21:34",
        "2025-13-28T10:21:34Z",
        "2025-10-28T10:21:34Z\n",
        "٢025-10-28T10:21:34Z",
    ],
)
def test_any_other_text_is_a_value_error_that_quotes_it(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text)) if text == "now" else None):
        parse_utc(text)


@pytest.mark.parametrize("epoch_s", [float("nan"), float("inf"), 1e18, -1e18])
def test_a_time_outside_the_calendar_is_a_value_error(epoch_s: float) -> None:
    with pytest.raises(ValueError, match="no time in seconds"):
        format_utc(epoch_s)
