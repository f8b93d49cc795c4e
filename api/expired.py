"""Jobs whose snapshots have left Redis, as history keeps them."""

import json
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from api.past import Past
from api.topic import Latest
from headway.history.database import NoHistory
from headway.history.reading import History
from headway.snapshot import EndedAttempt
from headway.status import Status
from headway.store import AsyncStore

# As many as Redis keeps.
_ATTEMPTS_MAX = 20
#: Who asks for a job that Redis does not know waits no longer for history, in seconds.
WAIT_S = 2.0


class Expired:
    """Finds jobs that are over; what Redis lost of one that was not is not known to be true any more."""

    def __init__(self, store: AsyncStore, past: Past) -> None:
        self._store = store
        self._past = past

    async def find(self, job_id: str, *, unfinished: bool = False) -> Latest | None:
        """The last snapshot of a job that Redis does not know; None for an unknown or deleted one.

        Args:
            unfinished: whether to find one too that was not over; else it is None.

        Raises:
            HistoryUnavailable: history does not answer.
            RedisUnavailable: Redis does not answer.
        """
        return (await self.find_many([job_id], unfinished=unfinished)).get(job_id)

    async def find_many(self, job_ids: Sequence[str], *, unfinished: bool = False) -> dict[str, Latest]:
        """The same of many; those that there are."""
        if not job_ids:
            return {}
        try:
            found = await self._past.ask(lambda database: History(database).last(job_ids), wait_s=WAIT_S)
        except NoHistory:
            return {}
        wanted = {job_id: stored for job_id, stored in found.items() if unfinished or stored.status.terminal}
        return {job_id: Latest(stored) for job_id, stored in wanted.items() if await self.has_left(job_id)}

    async def attempts(self, job_id: str) -> list[EndedAttempt]:
        """How the last 20 attempts of such a job ended, oldest first; errors as `find`."""
        rows = await self._past.ask(lambda database: History(database).attempts(job_id), wait_s=WAIT_S)
        over = [row for row in rows if Status(row["status"]).terminal][-_ATTEMPTS_MAX:]
        return [_ended(row) for row in over]

    async def has_left(self, job_id: str) -> bool:
        """False for a deleted job, whose rows the recorder removes a moment later, and for one that is back."""
        try:
            return (await self._store.run(self._store.calls.adopt(job_id))).code == "unknown"
        except ResponseError:
            # Somebody else's, under headway's name.
            return False


def _ended(row: dict[str, Any]) -> EndedAttempt:
    known = {name: row[name] for name in EndedAttempt.model_fields}
    return EndedAttempt.model_validate(known | {"error": json.loads(row["error"] or "null")})
