"""Waiting for a Redis that is away."""

import time
from collections.abc import Callable
from typing import TypeVar

from headway.errors import RedisUnavailable

T = TypeVar("T")

#: Seconds between two tries while Redis does not answer.
AWAY_PAUSE_S = 0.5


def patiently(attempt: Callable[[], T], outage_s: float) -> T:
    """Repeat `attempt` until Redis answers it; an outage costs no job its beginning or its end.

    Raises:
        RedisUnavailable: Redis was away for longer than `outage_s`.
    """
    deadline = time.monotonic() + outage_s
    while True:
        try:
            return attempt()
        except RedisUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(AWAY_PAUSE_S)
