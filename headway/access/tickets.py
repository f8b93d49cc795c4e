"""Tickets: what a browser puts into a socket's address, where it cannot send a header, good for one use."""

import hashlib
import secrets
from typing import Any

from headway import keys
from headway.store.calls import Call

#: How long a ticket is good for, in seconds.
TICKET_S = 30


def mint() -> str:
    """A new ticket."""
    return secrets.token_urlsafe(32)


def save(ticket: str, holder: str) -> Call[Any]:
    """Keep whom a ticket lets in (JSON), until it is used or too old."""
    return Call(_nothing, commands=(("SET", _key(ticket), holder, "EX", TICKET_S),))


def redeem(ticket: str) -> Call[bytes | None]:
    """Whom a ticket lets in, and use it up; None if it was used, is too old, or was never one."""
    return Call(_first, commands=(("GETDEL", _key(ticket)),))


def _key(ticket: str) -> str:
    return keys.ticket(hashlib.sha256(ticket.encode()).hexdigest())


def _nothing(raw: list[Any]) -> None:
    return None


def _first(raw: list[Any]) -> bytes | None:
    value: bytes | None = raw[0]
    return value
