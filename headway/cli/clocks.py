"""How far another machine's clock is from this one's."""

from headway.cli.findings import Finding, ok, warn
from headway.quantities import duration

#: Differences below this disturb nobody, in seconds.
_SLACK_S = 1.0


def clock(whose: str, theirs_s: float, asked_s: float, answered_s: float, *, step_s: float) -> Finding:
    """Compare a clock that was read somewhere between two readings of ours.

    Args:
        whose: what has that clock.
        theirs_s: what it said, in seconds since 1970, rounded down to a multiple of `step_s`.
        asked_s: our own before it was asked.
        answered_s: our own after it answered.
        step_s: 0 where it is exact.
    """
    # The two agree if theirs may have been read at some moment between ours.
    ahead_s = max(theirs_s - answered_s, 0.0) or min(theirs_s + step_s - asked_s, 0.0)
    if abs(ahead_s) < _SLACK_S:
        return ok("clock", f"{whose} and this machine agree")
    way = "ahead of" if ahead_s > 0 else "behind"
    return warn(
        "clock",
        f"{whose} is {duration(abs(ahead_s))} {way} this machine",
        "ages and times are shown wrong by as much: keep both clocks right with NTP",
    )
