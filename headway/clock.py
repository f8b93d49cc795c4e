"""Wall-clock times as the wire carries them: RFC 3339, UTC, milliseconds and `Z`."""

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def utc_now() -> str:
    """The time now, such as `2025-10-28T10:21:34.123Z`."""
    return _format_ms(time.time_ns() // 1_000_000)


def format_utc(epoch_s: float) -> str:
    """The text of a time in seconds since 1970, rounded to milliseconds.

    Raises:
        ValueError: not a time between the years 1 and 9999.
    """
    try:
        return _format_ms(round(epoch_s * 1000))
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"{epoch_s!r} is no time in seconds since 1970") from None


def parse_utc(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time with `Z` or an offset; digits beyond microseconds are dropped.

    Raises:
        ValueError: any other text, one without an offset included.
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no RFC 3339 time, such as 2025-10-28T10:21:34.123Z")
    return datetime.fromisoformat(text.upper()).timestamp()


def _format_ms(epoch_ms: int) -> str:
    second, ms = divmod(epoch_ms, 1000)
    return f"{_format_second(second)}.{ms:03d}Z"


# Every write asks for the time, and many fall within one second.
@lru_cache(maxsize=4)
def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]
