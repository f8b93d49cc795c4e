"""The time that figures are about."""

import time
from dataclasses import dataclass
from typing import Self

from headway.analytics import Bucket
from headway.clock import format_utc, parse_utc
from headway.errors import BadInput

BUCKET_S: dict[Bucket, int] = {"hour": 3_600, "day": 86_400}
#: What is asked for if nobody says since when, in buckets.
DEFAULT_BUCKETS: dict[Bucket, int] = {"hour": 24, "day": 30}
#: Most buckets of an answer, and the longest time that figures are about, in seconds.
BUCKETS_MAX = 1_000
LONGEST_S = 3_660 * 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """From `since_s` until before `until_s`, in seconds since 1970."""

    since_s: float
    until_s: float

    @classmethod
    def asked(cls, since: str | None, until: str | None, bucket: Bucket = "hour", now_s: float | None = None) -> Self:
        """The window that a request names; without an end until now, without a beginning 24 hours or 30 days.

        Raises:
            BadInput: it is no time, ends before it begins, or is too long.
        """
        now_s = time.time() if now_s is None else now_s
        until_s = now_s if until is None else _parsed("until", until)
        since_s = until_s - DEFAULT_BUCKETS[bucket] * BUCKET_S[bucket] if since is None else _parsed("since", since)
        if not since_s < until_s:
            raise BadInput(f"since, until: {format_utc(since_s)} is not before {format_utc(until_s)}")
        if until_s - since_s > LONGEST_S:
            raise BadInput(f"since, until: ask for at most {LONGEST_S // 86_400} days")
        return cls(since_s, until_s)

    @property
    def since(self) -> str:
        """Its first moment."""
        return format_utc(self.since_s)

    @property
    def until(self) -> str:
        """The moment after its last."""
        return format_utc(self.until_s)

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.until_s - self.since_s

    def out_to(self, bucket: Bucket) -> "Buckets":
        """The whole hours or days, UTC, that it touches.

        Raises:
            BadInput: these are too many.
        """
        step_s = BUCKET_S[bucket]
        first, end = int(self.since_s // step_s), int(-(-self.until_s // step_s))
        if end - first > BUCKETS_MAX:
            advice = "ask by day, or for a shorter time" if bucket == "hour" else "ask for a shorter time"
            raise BadInput(f"since, until: {end - first:,} {bucket}s are more than {BUCKETS_MAX:,}: {advice}")
        return Buckets(first * step_s, end * step_s, step_s)


@dataclass(frozen=True, slots=True)
class Buckets(Window):
    """A window of whole buckets, each `step_s` long."""

    step_s: int

    @property
    def starts(self) -> list[str]:
        """The first moment of each."""
        return [format_utc(start_s) for start_s in range(int(self.since_s), int(self.until_s), self.step_s)]


def _parsed(name: str, text: str) -> float:
    try:
        at_s = parse_utc(text)
        format_utc(at_s)
    except (ValueError, OverflowError):
        raise BadInput(f"{name}: {text[:80]!r} is no time: give one such as 2025-10-28T10:00:00Z") from None
    if not 0 <= at_s < 32_503_680_000:
        raise BadInput(f"{name}: give a time between the years 1970 and 3000")
    return at_s
