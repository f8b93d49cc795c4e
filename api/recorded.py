"""History, asked by coroutines."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from api.auth import Principal, allow
from api.deadline import ANSWER_S
from api.deps import Services
from headway.errors import JobNotFound
from headway.history.database import HistoryUnavailable
from headway.history.reading import History
from headway.store import Stored
from headway.store.stored import own

T = TypeVar("T")


async def ask(services: Services, question: Callable[[History], T]) -> T:
    """Ask history in a thread.

    Raises:
        HistoryUnavailable: it does not answer, or not within `ANSWER_S`.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            return await to_thread.run_sync(question, services.history, abandon_on_cancel=True)
    except TimeoutError:
        raise HistoryUnavailable("history does not answer in time") from None


async def find_known(services: Services, principal: Principal, job_id: str) -> Stored:
    """The snapshot of a job that `principal` may see: from Redis, or as it was recorded last.

    Raises:
        InvalidJobId: no job can have this id.
        JobNotFound: there is none, it was deleted, or it is not for this principal.
        HistoryUnavailable: Redis has it no more, and history does not answer.
    """
    stored = await services.store.read(job_id)
    if stored is None and not await services.store.run(services.store.calls.deleted(job_id)):
        raw = await ask(services, lambda history: history.snapshot(job_id))
        stored = None if raw is None else own(job_id, raw)
    if stored is None or not allow(principal, "read", stored):
        raise JobNotFound(job_id)
    return stored
