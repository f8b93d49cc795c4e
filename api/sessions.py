"""What stays open: sockets and streams end with the token that opened them."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.auth import Principal
from api.ending import end
from api.sign_in import SignIn
from headway.access import tokens
from headway.errors import NotSignedIn, RedisUnavailable
from headway.store import AsyncStore

#: How often it is looked whose token has ended, in seconds: so long may a revoked one still be told of jobs.
LOOK_S = 1.0
_log = logging.getLogger("headway.api")


class Session:
    """One socket or stream, and who has it open."""

    def __init__(self, principal: Principal, sign_in: SignIn, on_end: Callable[[NotSignedIn], None]) -> None:
        self.principal = principal
        self._sign_in = sign_in
        self._on_end = on_end

    async def renew(self, token: str) -> None:
        """Go on with another token of the same holder; anything else ends the session.

        Where nobody has to show a token, none changes anything.
        """
        if not self.principal.verified:
            return
        try:
            principal = await self._sign_in.by_token(token)
        except NotSignedIn as error:
            self._on_end(error)
            return
        except RedisUnavailable:
            # The token shown before is still good.
            return
        if principal.name != self.principal.name:
            self._on_end(NotSignedIn("this socket was opened by somebody else"))
            return
        self.principal = principal

    def end_if(self, revoked: set[str], now_s: float) -> None:
        """End it if its token was revoked or has expired."""
        expires_at_s = self.principal.expires_at_s
        if expires_at_s is not None and expires_at_s <= now_s:
            self._on_end(NotSignedIn("the token has expired: show another one before it does"))
        elif self.principal.token_id in revoked:
            self._on_end(NotSignedIn("the token was revoked"))


class Sessions:
    """Every socket and stream of this process whose token may end."""

    def __init__(self, store: AsyncStore, sign_in: SignIn) -> None:
        self._store = store
        self._sign_in = sign_in
        self._open: set[Session] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)

    def start(self) -> None:
        """Begin in the running event loop."""
        self._looking = asyncio.create_task(self._look(), name="headway-sessions")

    async def close(self) -> None:
        """Look no more."""
        await end(self._looking)

    @contextmanager
    def enter(self, principal: Principal, on_end: Callable[[NotSignedIn], None]) -> Iterator[Session]:
        """Hold a socket or stream open; `on_end` is called when it is to be closed, at most a moment after why."""
        session = Session(principal, self._sign_in, on_end)
        if principal.token_id is not None or principal.expires_at_s is not None:
            self._open.add(session)
        try:
            yield session
        finally:
            self._open.discard(session)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            revoked = await self._revoked()
            now_s = time.time()
            for session in tuple(self._open):
                session.end_if(revoked, now_s)

    async def _revoked(self) -> set[str]:
        token_ids = list({session.principal.token_id for session in self._open if session.principal.token_id})
        if not token_ids:
            return set()
        try:
            return await self._store.run(tokens.revoked(token_ids))
        except RedisUnavailable:
            # Nobody can revoke anything there meanwhile.
            return set()
        except Exception:
            _log.exception("it could not be looked which tokens were revoked")
            return set()
