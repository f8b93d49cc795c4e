"""How much may be asked for: rates of each user, and how many jobs may wait."""

import math

from api.auth import Principal
from headway.access import rates
from headway.errors import TooMany
from headway.settings import Settings
from headway.store import AsyncStore

_WINDOW_S = 60
#: When to look again whether a worker has taken a job, in seconds.
_ROOM_AFTER_S = 5


class Limits:
    """Counts in Redis, so that it is the same however many processes the API has; 0 in the settings limits nothing."""

    def __init__(self, store: AsyncStore, settings: Settings) -> None:
        self._store = store
        self._submits_max = settings.submits_per_minute
        self._actions_max = settings.actions_per_minute
        self._waiting_max = settings.waiting_max

    async def submit(self, principal: Principal) -> None:
        """Count a submit or upload.

        Raises:
            TooMany: it is one too many.
        """
        await self._count("submit", "submits and uploads", principal, self._submits_max)

    async def act(self, principal: Principal) -> None:
        """Count what is asked of a job; errors as `submit`."""
        await self._count("act", "requests to jobs", principal, self._actions_max)

    async def room(self) -> None:
        """Let pass while there is room for another job that waits; of many at once a few more may come in.

        Raises:
            TooMany: there is none.
        """
        if self._waiting_max and await self._store.run(rates.waiting()) >= self._waiting_max:
            raise TooMany(
                f"{self._waiting_max} jobs or more are waiting already: try again when some have begun", _ROOM_AFTER_S
            )

    async def _count(self, what: str, named: str, principal: Principal, most: int) -> None:
        if not most:
            return
        count = await self._store.run(rates.count(what, principal.name, _WINDOW_S))
        if count.times > most:
            after_s = max(math.ceil(count.ends_in_s), 1)
            raise TooMany(f"{principal.name!r} may make {most} {named} a minute: try again in {after_s} s", after_s)
