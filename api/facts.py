"""What those who poll are told of a snapshot beside its body."""

import hashlib
import random
from collections.abc import Iterable

from headway.clock import parse_utc
from headway.errors import BadInput
from headway.store import Stored

#: After so long without a change a job counts as idle, in seconds.
ACTIVE_S = 30.0
_ACTIVE_POLL_S = 1.0
_SEQ_DIGITS_MAX = 15


def poll_after_s(stored: Stored, now_s: float) -> float | None:
    """The lesson's cadence: when to ask again, in seconds; None for a job that is over."""
    if stored.status.terminal:
        return None
    changed_at_s = _seconds(stored.updated_at)
    # Clocks of two machines differ: a change "in the future" is one just made.
    if changed_at_s is None or now_s - changed_at_s < ACTIVE_S:
        return _ACTIVE_POLL_S
    return round(random.uniform(3.0, 5.0), 2)


def soonest(all_stored: Iterable[Stored], now_s: float) -> float | None:
    """When to ask again after several jobs at once; None if all of them are over."""
    soon: float | None = None
    for stored in all_stored:
        after_s = poll_after_s(stored, now_s)
        if after_s == _ACTIVE_POLL_S:
            return after_s
        if after_s is not None:
            soon = after_s if soon is None else min(soon, after_s)
    return soon


def etag(seq: int | str, body: bytes) -> str:
    """A strong entity tag: `"<seq>-<hash of the body>"`."""
    return f'"{seq}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def etag_matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names this tag, by RFC 9110's weak comparison."""
    if header is None:
        return False
    if header == tag:
        return True
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return tag in tags or "*" in tags


def _seconds(updated_at: str | None) -> float | None:
    try:
        return None if updated_at is None else parse_utc(updated_at)
    except ValueError:
        return None


def seq_of(text: str | None) -> int | None:
    """The seq that a client sent as text; None if it sent none.

    Raises:
        BadInput: it is no whole number of up to 15 digits.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _SEQ_DIGITS_MAX):
        raise BadInput("after: give the seq of a snapshot, a whole number")
    return int(text)
