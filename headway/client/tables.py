"""Answers that become DataFrames: what to ask for next, and what they come to; no input or output of their own."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Generic, TypeVar

from headway.analytics import Event, EventPage
from headway.client import request
from headway.client.answers import JobPage, MetricsAnswer
from headway.client.request import Request
from headway.errors import BadInput
from headway.snapshot import Snapshot
from headway.status import Status

T = TypeVar("T")

# As many as the API gives at once.
_JOBS_MAX = 200
_EVENTS_MAX = 5_000


class Table(ABC, Generic[T]):
    """Some pages of the API on their way into one DataFrame.

    Args:
        asked_by: the client's method, for the sentence that says what it needs.

    Raises:
        BadInput: pandas is not installed.
    """

    def __init__(self, asked_by: str) -> None:
        self.over = False
        try:
            self._frames = import_module("headway.client.frames")
        except ImportError as error:
            raise BadInput(f"{asked_by} needs {error.name}: pip install pandas") from error

    @abstractmethod
    def next_request(self) -> Request[T]:
        """What to ask."""

    @abstractmethod
    def take(self, page: T) -> None:
        """Keep an answer."""

    @abstractmethod
    def frame(self) -> Any:
        """All of it."""


class JobTable(Table[JobPage]):
    """The jobs that `Client.jobs_frame` was asked for."""

    def __init__(
        self,
        *,
        status: Status | str | Iterable[Status | str] | None,
        task: str | None,
        queue: str | None,
        owner: str | None,
        limit: int,
    ) -> None:
        if limit < 1:
            raise BadInput(f"limit={limit!r}: give a number of jobs from 1")
        super().__init__("jobs_frame")
        self._status = list(status) if isinstance(status, Iterable) and not isinstance(status, str) else status
        self._task, self._queue, self._owner = task, queue, owner
        self._limit = limit
        self._cursor: str | None = None
        self._jobs: list[Snapshot] = []

    def next_request(self) -> Request[JobPage]:
        """The page after those that are here."""
        return request.jobs(
            status=self._status, task=self._task, queue=self._queue, owner=self._owner, search=None,
            limit=min(self._limit - len(self._jobs), _JOBS_MAX), cursor=self._cursor,
        )  # fmt: skip

    def take(self, page: JobPage) -> None:
        """Keep a page."""
        self._jobs += page.jobs
        self._cursor = page.next_cursor
        self.over = self._cursor is None or len(self._jobs) >= self._limit

    def frame(self) -> Any:
        """One row a job."""
        return self._frames.jobs_frame(self._jobs)


class EventTable(Table[EventPage]):
    """What happened to a job, from its first event on."""

    def __init__(self, job_id: str) -> None:
        super().__init__("history")
        self._job_id = job_id
        self._after: str | None = None
        self._events: list[Event] = []

    def next_request(self) -> Request[EventPage]:
        """The page after those that are here."""
        return request.history(self._job_id, after=self._after, limit=_EVENTS_MAX)

    def take(self, page: EventPage) -> None:
        """Keep a page."""
        self._events += page.events
        self._after = page.next
        self.over = self._after is None

    def frame(self) -> Any:
        """One row an event."""
        return self._frames.events_frame(self._events)


class ValueTable(Table[MetricsAnswer]):
    """What a job measured."""

    def __init__(self, job_id: str, names: Iterable[str], points: int | None) -> None:
        super().__init__("metrics")
        self._request = request.metrics(job_id, names, points)
        self._answer = MetricsAnswer(series=[])

    def next_request(self) -> Request[MetricsAnswer]:
        """All of it at once."""
        return self._request

    def take(self, page: MetricsAnswer) -> None:
        """Keep it."""
        self._answer = page
        self.over = True

    def frame(self) -> Any:
        """One row a value."""
        return self._frames.values_frame(self._answer.series, partial=self._answer.partial)
