"""How long to wait before asking again."""

import math
from collections.abc import Callable

#: Draws a number in [0, 1); `random.random` everywhere but in tests.
Draw = Callable[[], float]

_LONGEST_POLL_S = 60.0
_SHORTEST_POLL_S = 0.05
_ACTIVE_S = 30.0


def poll_after_s(asked_s: float | None, idle_s: float, draw: Draw) -> float:
    """Seconds until the next poll: what the API's `Headway-Poll-After` says, else the lesson's own cadence.

    Args:
        asked_s: that header's number; None where the API did not say.
        idle_s: seconds since the snapshot last changed.
        draw: spreads the slow polls of many clients.
    """
    if asked_s is not None:
        return min(max(asked_s, _SHORTEST_POLL_S), _LONGEST_POLL_S)
    return 1.0 if idle_s < _ACTIVE_S else 3.0 + 2.0 * draw()


def seconds_of(header: str | None) -> float | None:
    """A header's number of seconds, or None if it is not a finite number from 0."""
    try:
        value = float(header) if header is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def backoff_s(failures: int, draw: Draw, *, first_s: float, longest_s: float) -> float:
    """Seconds to wait after the given number of failures in a row (from 1).

    Doubles from `first_s` to at most `longest_s`; the upper half is drawn, so that clients which failed together do
    not come back together.
    """
    ceiling = min(first_s * 2.0 ** min(failures - 1, 30), longest_s)
    return ceiling * (0.5 + 0.5 * draw())
