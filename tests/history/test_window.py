"""The time that figures are about."""

import pytest

from headway.clock import parse_utc
from headway.errors import BadInput
from headway.history.window import Window

NOW_S = parse_utc("2025-10-28T10:21:34Z")


def test_without_times_it_is_the_last_day_or_by_day_the_last_thirty():
    hours, days = (Window.asked(None, None, bucket, NOW_S) for bucket in ("hour", "day"))
    assert (hours.since, hours.until) == ("2025-10-27T10:21:34.000Z", "2025-10-28T10:21:34.000Z")
    assert days.since == "2025-09-28T10:21:34.000Z"


def test_a_time_of_another_zone_is_the_same_moment():
    assert Window.asked("2025-10-28T12:00:00+02:00", None, now_s=NOW_S).since == "2025-10-28T10:00:00.000Z"


@pytest.mark.parametrize(("since", "until", "sentence"), [
    ("yesterday", None, "since: 'yesterday' is no time"),
    ("2025-10-28T10:00:00", None, "is no time"),
    ("2025-13-28T10:00:00Z", None, "is no time"),
    ("' OR 1=1 --", None, "is no time"),
    (None, "9999-12-31T23:59:59Z", "between the years"),
    ("0001-01-01T00:00:00+14:00", None, "no time|between the years"),
    ("2025-10-28T11:00:00Z", "2025-10-28T11:00:00Z", "is not before"),
    ("1971-01-01T00:00:00Z", None, "at most 3660 days"),
])  # fmt: skip
def test_what_is_no_time_to_ask_about_is_said_to_be_none(since: str | None, until: str | None, sentence: str):
    with pytest.raises(BadInput, match=sentence):
        Window.asked(since, until, now_s=NOW_S)
