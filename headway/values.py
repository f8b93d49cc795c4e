"""What a job reports, made fit to show: nothing here raises for a value, whatever it is.

Each function returns the sound value and calls `complain` with a sentence when it had to change what it was given. The
sentence never quotes the value, so a caller who says each sentence once says each kind of fault once.
"""

import re
from collections.abc import Callable
from math import floor, inf, isfinite
from operator import index
from typing import Any

Number = int | float
Complain = Callable[[str], None]

#: Largest whole number up to which a double, and so JavaScript, counts exactly.
EXACT_INT = 2**53
METRIC_NAME_MAX = 100
ERROR_TYPE_MAX = 200

# Colours and cursor moves mean something to a terminal only.
_TERMINAL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# 0.29 * 100 is 28.999999999999996, and who reports it means 29.
_FLOOR_SLACK = 1e-9


def ignore(sentence: str) -> None:
    """A `complain` for those who do not care."""


def number(value: object, complain: Complain = ignore) -> Number | None:
    """The finite int or float that `value` is, or None.

    Decimal, Fraction and single elements of numpy, pandas or torch count as numbers, a bool as 0 or 1, text does not.
    A whole number beyond 2**53 becomes a float. None stays None and is no fault.
    """
    if type(value) is int:
        return value if -EXACT_INT <= value <= EXACT_INT else _large(value, complain)
    if type(value) is float:
        if isfinite(value):
            return value
        complain("NaN and infinity are shown as unknown")
        return None
    if value is None:
        return None
    try:
        converted = _as_number(value)
    except Exception:  # the value's own methods run here, and may raise anything
        complain(f"a value of type {type(value).__name__} is no number and is shown as unknown")
        return None
    return number(converted, complain)


def percent(value: object, complain: Complain = ignore, *, ceiling: int = 99) -> int:
    """`value` rounded down and brought into 0..`ceiling`; 0 where it is no number.

    `ceiling` is 99 while a job runs: 100 belongs to `finished`.
    """
    finite = number(value, complain)
    if finite is None:
        return 0
    if not 0 <= finite <= 100:
        complain("a percent outside 0..100 is clamped")
    return floor(min(max(finite + _FLOOR_SLACK, 0), ceiling))


def count(value: object, complain: Complain = ignore) -> Number | None:
    """An `n`: negative becomes 0; None where it is no number."""
    finite = number(value, complain)
    if finite is not None and finite < 0:
        complain("a negative n is shown as 0")
        return 0
    return finite


def total(value: object, complain: Complain = ignore) -> Number | None:
    """A `total`, or None for "unknown": no number, negative, or infinite, which is tqdm's other word for unknown."""
    if isinstance(value, float) and value == inf:
        return None
    finite = number(value, complain)
    if finite is not None and finite < 0:
        complain("a negative total is shown as unknown")
        return None
    return finite


def text(value: object, max_chars: int, complain: Complain = ignore) -> str:
    """`str(value)`, at most `max_chars` long, without control characters (but newline and tab) or lone surrogates.

    None is the empty text. What cannot be shown becomes U+FFFD, a terminal's colours go, a cut ends in "…".
    """
    whole = _stringify(value, complain)
    # Cut first: cleaning ten million characters to show a thousand would cost the job.
    short = cut(whole, max_chars)
    if short is not whole:
        complain(f"a text longer than {max_chars:,} characters is cut")
    return _clean(short, complain)


def error_detail(error: BaseException, max_bytes: int, complain: Complain = ignore) -> str:
    """`str(error)`, cleaned as `text` does, in at most `max_bytes` bytes of UTF-8."""
    detail = text(error, max(max_bytes, 1), complain)
    encoded = detail.encode()
    if len(encoded) <= max_bytes:
        return detail
    complain(f"an error's detail longer than {max_bytes:,} bytes is cut")
    mark = "…" if max_bytes >= len("…".encode()) else ""
    return encoded[: max_bytes - len(mark.encode())].decode(errors="ignore") + mark


def error_type(error: BaseException) -> str:
    """The name of an error's class, on one line."""
    return " ".join(text(type(error).__name__, ERROR_TYPE_MAX).split())


def metric_name(name: object, complain: Complain = ignore) -> str:
    """A metric's name: one line, at most 100 characters, "unnamed" where nothing is left."""
    return " ".join(text(name, METRIC_NAME_MAX, complain).split()) or "unnamed"


def cut(whole: str, max_chars: int) -> str:
    """`whole`, or its beginning and "…" where it is longer than `max_chars`."""
    return whole if len(whole) <= max_chars else whole[: max_chars - 1] + "…"


def replace_surrogates(dirty: str) -> str:
    """`dirty` with lone surrogates, which no UTF-8 can carry, replaced by U+FFFD."""
    return dirty if dirty.isascii() else _LONE_SURROGATE.sub("\ufffd", dirty)


def _large(value: int, complain: Complain) -> float | None:
    try:
        return float(value)
    except OverflowError:
        complain("a whole number beyond 1e308 is shown as unknown")
        return None


def _as_number(value: Any) -> int | float:
    # A masked numpy value answers item() with 0.0, which nobody measured.
    if isinstance(value, str | bytes | bytearray) or type(value).__name__ == "MaskedConstant":
        raise TypeError("no number")
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    if isinstance(plain, str | bytes):
        raise TypeError("no number")
    try:
        return index(plain)
    except TypeError:
        return float(plain)


def _stringify(value: object, complain: Complain) -> str:
    if type(value) is str:
        return value
    if value is None:
        return ""
    try:
        return str(value)
    except (Exception, SystemExit):  # the value's own __str__ runs here, and may raise anything
        complain(f"a value of type {type(value).__name__} has no text: its str() raises")
        return f"<unprintable {type(value).__name__}>"


def _clean(dirty: str, complain: Complain) -> str:
    if dirty.isprintable() or not _UNSHOWABLE.search(dirty):
        return dirty
    plain = _TERMINAL_SEQUENCE.sub("", dirty.replace("\r\n", "\n"))
    clean = _UNSHOWABLE.sub("\ufffd", plain)
    if clean != plain:
        complain("control characters and lone surrogates in a text are replaced")
    return clean
