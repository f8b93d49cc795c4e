"""History for coroutines: each question in a thread, and only so many at once."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from headway.history.database import Database, DatabaseAway, HistoryUnavailable, NoHistory, database_url
from headway.history.migrate import check
from headway.settings import Settings

T = TypeVar("T")

logger = logging.getLogger("headway.api")

#: Questions that are asked at once; further ones wait their turn.
THREADS = 4
#: How long an answer is waited for, in seconds.
ANSWER_S = 8.0
#: How long `trouble` waits, in seconds.
TROUBLE_S = 0.5
#: What `trouble` says of a database that does not serve: the address of one is not for everybody.
AWAY = "history cannot be read now: the API's log says why"
# The database gives a question up when nobody waits for its answer any more.
_GIVE_UP_S = 10.0


class Past:
    """Reads history; nothing is opened before the first question.

    Raises:
        SettingsError: `HEADWAY_DATABASE_URL` is no address of a database that headway knows.
    """

    def __init__(self, settings: Settings) -> None:
        self._database = Database(database_url(settings), read_only=True, give_up_s=_GIVE_UP_S)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="headway-history")
        self._checked = False
        self._look: asyncio.Task[None] | None = None
        self._trouble: str | None = None
        self._logged: str | None = None

    async def ask(self, question: Callable[[Database], T], *, wait_s: float = ANSWER_S) -> T:
        """The answer to a question.

        Args:
            question: called in a thread.
            wait_s: how long to wait for the answer, in seconds.

        Raises:
            HistoryUnavailable: there is none in time; the sentence says why.
        """
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, question)
        except TimeoutError:
            raise HistoryUnavailable(
                "history does not answer in time: ask for a shorter time or one task, or try again"
            ) from None

    async def trouble(self) -> str | None:
        """Why history cannot be read, in a sentence for anybody; None where it can, or has not begun.

        It is what the look before found where this one takes longer than `TROUBLE_S`; one is taken at a time.
        """
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_after())
        await asyncio.wait([self._look], timeout=TROUBLE_S)
        if self._look.done():
            self._look.result()
        return self._trouble

    def close(self) -> None:
        """Close the connections; questions that nobody waits for any more end by themselves."""
        if self._look is not None:
            self._look.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._database.close()

    async def _look_after(self) -> None:
        why: HistoryUnavailable | None = None
        try:
            await self.ask(check)
        except NoHistory:
            pass
        except HistoryUnavailable as error:
            why = error
        whole = None if why is None else str(why)
        self._trouble = AWAY if isinstance(why, DatabaseAway) else whole
        if whole != self._logged:
            self._logged = whole
            logger.warning("%s", whole or "history can be read again")

    def _answer(self, question: Callable[[Database], T]) -> T:
        try:
            if not self._checked:
                check(self._database)
                self._checked = True
            return question(self._database)
        except HistoryUnavailable:
            # Whatever comes back there may be another one.
            self._checked = False
            raise
