"""History for coroutines: each question in a thread, and only so many at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from headway.history.database import Database, HistoryUnavailable, NoHistory, database_url
from headway.history.migrate import check
from headway.settings import Settings

T = TypeVar("T")

#: Questions that are asked at once; further ones wait their turn.
THREADS = 4
#: How long an answer is waited for, in seconds.
ANSWER_S = 8.0
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

    async def trouble(self, wait_s: float) -> str | None:
        """Why history cannot be read, found out within `wait_s` seconds; None where it can, or has not begun."""
        try:
            await self.ask(check, wait_s=wait_s)
        except NoHistory:
            return None
        except HistoryUnavailable as error:
            return str(error)
        return None

    def close(self) -> None:
        """Close the connections; questions that nobody waits for any more end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._database.close()

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
