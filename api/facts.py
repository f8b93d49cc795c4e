"""What those who poll are told of a snapshot beside its body."""

import hashlib
import random

from headway.clock import parse_utc
from headway.errors import BadInput
from headway.store import Stored

#: After so long without a change a job counts as idle, in seconds.
ACTIVE_S = 30.0
ACTIVE_POLL_S = 1.0
_SEQ_DIGITS_MAX = 15


def changed_at_s(stored: Stored) -> float | None:
    """When a snapshot was written, in seconds since 1970; None if its writer did not say."""
    try:
        return None if stored.updated_at is None else parse_utc(stored.updated_at)
    except ValueError:
        return None


def poll_after_s(changed_at_s: float | None, now_s: float) -> float:
    """The lesson's cadence: when to ask again about a job that is not over, in seconds."""
    # Clocks of two machines differ: a change "in the future" is one just made.
    if changed_at_s is None or now_s - changed_at_s < ACTIVE_S:
        return ACTIVE_POLL_S
    return round(random.uniform(3.0, 5.0), 2)


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
