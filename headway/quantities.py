"""Numbers in words for people: counts, rates and durations."""

import re
from math import isfinite

from headway.snapshot import Number

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
# Endings that only a plural has: batches, classes, boxes; groups, files, epochs, days. Of caches, indices, movies or
# series nobody can tell the singular by the ending, and short words are as often abbreviations.
_PLURAL = re.compile(r"(?P<one>.+(?:[nrt]ch|sh|ss|[eo]x))es|(?P<other>.{2,}(?:[A-Zbcdfghklmnprtwy]|[bdfgklmnprt]e))s")


def duration(seconds: float) -> str:
    """Two units at most: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`."""
    if 0.05 <= seconds < 0.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit_s, unit, part_s, part in (
        (_DAY_S, "d", _HOUR_S, "h"),
        (_HOUR_S, "h", _MINUTE_S, "min"),
        (_MINUTE_S, "min", 1, "s"),
    ):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def number(value: Number) -> str:
    """Whole numbers with thousands apart, others to four digits."""
    if isinstance(value, int) or (isfinite(value) and value == int(value)):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def count(n: Number, total: Number | None, unit: str | None) -> str:
    """`120,000 of 336,776 rows`; without its total `120,000 rows`."""
    of = "" if total is None else f" of {number(total)}"
    return f"{number(n)}{of} {_unit(unit)}".rstrip()


def rate(per_s: float, unit: str | None) -> str:
    """`1,234 rows/s`; where each takes more than two seconds, how long it takes."""
    if per_s <= 0:
        return "standing still"
    # Not at one: a rate of about one a second would change its words with every look.
    if per_s < 0.5:
        return f"{duration(1 / per_s)} {_for_one(_unit(unit))}"
    return f"{number(round(per_s, 1 if per_s < 100 else 0))} {_unit(unit)}".rstrip() + "/s"


def _unit(unit: str | None) -> str:
    # tqdm's "it" is its word for not having been told.
    return "" if unit in {None, "it"} else str(unit)


def _for_one(unit: str) -> str:
    """`per row`, for `rows` as for `row`; `each` where a plural's singular is not sure."""
    if not unit:
        return "each"
    if not unit.endswith("s") or unit.endswith("ss"):
        return f"per {unit}"
    plural = _PLURAL.fullmatch(unit)
    return "each" if plural is None else f"per {plural['one'] or plural['other']}"
