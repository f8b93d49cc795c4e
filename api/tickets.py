"""Tickets for sockets and streams that a browser opens: they take the place of a header that it cannot send."""

import json
from dataclasses import asdict

from api.auth import Principal
from headway.access import tickets
from headway.errors import NotSignedIn
from headway.store import AsyncStore


async def issue(store: AsyncStore, principal: Principal) -> str:
    """A ticket that lets `principal` in once, within half a minute."""
    ticket = tickets.mint()
    await store.run(tickets.save(ticket, json.dumps(asdict(principal))))
    return ticket


async def admitted(store: AsyncStore, ticket: str) -> Principal:
    """Whom a ticket lets in.

    Raises:
        NotSignedIn: it was used before, is too old, or was never one.
    """
    holder = await store.run(tickets.redeem(ticket))
    if holder is None:
        raise NotSignedIn("this ticket was used, or is too old: ask for another one")
    return Principal(**json.loads(holder))
