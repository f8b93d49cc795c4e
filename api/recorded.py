"""Rows of one job that are in Redis no more."""

from collections.abc import Callable

from api.deadline import ANSWER_S
from api.deps import Services
from headway.history.database import NoHistory
from headway.history.entries import Row
from headway.history.reading import History


async def recorded(services: Services, question: Callable[[History], list[Row]]) -> list[Row]:
    """What history has; nothing where no recorder has begun it yet.

    Raises:
        HistoryUnavailable: it does not answer, or not within `ANSWER_S`.
    """
    try:
        return await services.past.ask(lambda database: question(History(database)), wait_s=ANSWER_S)
    except NoHistory:
        return []
