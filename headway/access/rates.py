"""What limits go by: how often somebody does something, and how many jobs wait."""

import hashlib
from dataclasses import dataclass
from typing import Any

from headway import keys
from headway.store.calls import Call


@dataclass(frozen=True, slots=True)
class Count:
    """The how manieth time it is in this window, from 1, and after how many seconds the next window begins."""

    times: int
    ends_in_s: float


def count(what: str, who: str, window_s: int) -> Call[Count]:
    """Count once more that somebody does something; a window begins with the first time."""
    # Whatever a name is made of and however long it is, the key is short.
    key = keys.rate(what, hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:32])
    return Call(_count, commands=(("SET", key, 0, "EX", window_s, "NX"), ("INCR", key), ("PTTL", key)))


def waiting() -> Call[int]:
    """How many jobs are queued, in all queues together."""
    return Call(_first, commands=(("ZCARD", keys.WAITING),))


def _first(raw: list[Any]) -> int:
    return int(raw[0])


def _count(raw: list[Any]) -> Count:
    _, times, left_ms = raw
    return Count(int(times), max(int(left_ms), 0) / 1000)
