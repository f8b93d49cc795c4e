"""Taking note of who did what or was refused it, without letting anybody fill history with refusals."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from redis.exceptions import RedisError

from api.auth import Action, Principal
from headway.access import rates
from headway.access.audit import note
from headway.errors import Conflict, HeadwayError, NotAllowed, NotFound, TooMany
from headway.settings import Settings
from headway.store import AsyncStore
from headway.store.calls import Call

T = TypeVar("T")

#: How many refusals of one holder, and how many refused sign-ins of all, are noted one by one in a minute.
REFUSALS_MAX = 30
#: How often it is noted that somebody uses the same token, in seconds.
SIGN_IN_S = 3_600
#: How long nobody tries to note it again after Redis did not answer, in seconds.
AGAIN_S = 60
_WINDOW_S = 60
_SEEN_MAX = 10_000
_SIGN_IN = "sign-in"
_log = logging.getLogger("headway.api")


class Audit:
    """Notes deeds. What cannot be noted stops nobody; the log says so."""

    def __init__(self, store: AsyncStore, settings: Settings) -> None:
        self._store = store
        self._entries_max = settings.events_max
        # Whom this process has seen and when, so that it need not ask Redis at every request.
        self._seen_s: dict[str, float] = {}

    async def signed_in(self, principal: Principal) -> None:
        """Note that somebody showed a valid token, unless this was noted lately."""
        holder, now_s = principal.token_id or principal.name, time.monotonic()
        if now_s - self._seen_s.get(holder, -SIGN_IN_S) < SIGN_IN_S:
            return
        if len(self._seen_s) >= _SEEN_MAX:
            self._seen_s.clear()
        # Whatever becomes of the question, Redis is not asked at each request.
        self._seen_s[holder] = now_s - SIGN_IN_S + AGAIN_S
        count = await self._run(_SIGN_IN, rates.count(_SIGN_IN, holder, SIGN_IN_S))
        if count is None:
            return
        self._seen_s[holder] = now_s
        if count.times == 1:
            await self._note(_SIGN_IN, principal, detail=_token(principal))

    async def turned_away(self, token_id: str | None, why: str) -> None:
        """Note that somebody showed what is no valid token; `token_id` is of the one that it looks like."""
        named = "" if token_id is None else f" (token {token_id})"
        await self._refused(_SIGN_IN, None, f"{why}{named}", who="")

    async def did(self, principal: Principal, action: Action, job_id: str | None = None) -> None:
        """Note what somebody did."""
        await self._note(action, principal, job_id=job_id)

    async def refused(self, principal: Principal, action: Action, why: str, job_id: str | None = None) -> None:
        """Note what somebody was refused."""
        await self._refused(action, principal, why, who=principal.name, job_id=job_id)

    @asynccontextmanager
    async def refusals(self, principal: Principal, action: Action, job_id: str | None = None) -> AsyncIterator[None]:
        """Note it if what is done within is refused."""
        try:
            yield
        except (Conflict, NotAllowed, NotFound, TooMany) as error:
            await self.refused(principal, action, str(error), job_id)
            raise

    async def _refused(
        self, action: str, principal: Principal | None, why: str, *, who: str, job_id: str | None = None
    ) -> None:
        count = await self._run(action, rates.count("refused", who, _WINDOW_S))
        if count is None:
            return
        times = count.times
        if times > REFUSALS_MAX:
            # Of a flood it is said now and then how large it has become: the 32nd, 64th, 128th … of this minute.
            if times & (times - 1):
                return
            why = f"{why} ({times} refusals within a minute)"
        await self._note(action, principal, refused=True, detail=why, job_id=job_id)

    async def _note(
        self,
        action: str,
        principal: Principal | None,
        *,
        refused: bool = False,
        detail: str | None = None,
        job_id: str | None = None,
    ) -> None:
        call = note(
            action,
            None if principal is None else principal.name,
            entries_max=self._entries_max,
            verified=principal is not None and principal.verified,
            outcome="refused" if refused else "allowed",
            detail=detail,
            job_id=job_id,
        )
        await self._run(action, call)

    async def _run(self, action: str, call: Call[T]) -> T | None:
        try:
            return await self._store.run(call)
        except (HeadwayError, RedisError) as error:
            _log.warning("it could not be noted that %s was asked for: %s", action, error)
            return None


def _token(principal: Principal) -> str | None:
    return None if principal.token_id is None else f"token {principal.token_id}"
