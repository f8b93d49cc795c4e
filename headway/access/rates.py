"""What limits go by: how often somebody does something, and how many jobs wait."""

import hashlib
from dataclasses import dataclass
from typing import Any

from headway import keys
from headway.store.calls import Call

# In one piece, so that no counter is left without an end; one that has none gets it. EXPIRE's own NX needs Redis 7.
_COUNT = """
local times = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return {times, redis.call('PTTL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True)
class Count:
    """Which time it is in this window, from 1, and after how many seconds the next window begins."""

    times: int
    ends_in_s: float


def count(what: str, who: str, window_s: int) -> Call[Count]:
    """Count once more that somebody does something; a window begins with the first time."""
    # Whatever a name is made of and however long it is, the key is short.
    key = keys.rate(what, hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:32])
    return Call(_count, commands=(("EVAL", _COUNT, 1, key, window_s),))


def waiting() -> Call[int]:
    """How many jobs are queued, in all queues together."""
    return Call(_first, commands=(("ZCARD", keys.WAITING),))


def _first(raw: list[Any]) -> int:
    return int(raw[0])


def _count(raw: list[Any]) -> Count:
    times, left_ms = raw[0]
    return Count(int(times), max(int(left_ms), 0) / 1000)
