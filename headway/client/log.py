"""Reading a job's log to its end: what to ask for next; no input or output of its own."""

from collections.abc import Iterable

from headway.client import request
from headway.client.answers import LogLine, LogPage
from headway.client.request import Request
from headway.errors import HeadwayError, Unavailable

#: How long to wait until an API is asked again that did not answer, in seconds.
AGAIN_S = 1.0
_WAIT_MAX_S = 20.0


class LogReader:
    """Where somebody is in a job's log.

    Args:
        follow: whether to wait for lines that are still to come.
        timeout_s: how long the transport waits for an answer.
    """

    def __init__(self, job_id: str, *, follow: bool, timeout_s: float) -> None:
        self.over = False
        self._job_id = job_id
        self._follow = follow
        # The answer to a wait has to come before the transport loses patience.
        self._wait_s = min(_WAIT_MAX_S, timeout_s / 2) if follow else 0.0
        self._after: str | None = None
        self._answered = False

    def next_request(self) -> Request[LogPage]:
        """What to ask."""
        return request.logs(self._job_id, self._after, self._wait_s)

    def take(self, page: LogPage) -> Iterable[LogLine]:
        """The lines of an answer."""
        self._answered = True
        self._after = page.next_cursor
        self.over = page.over or not (self._follow or page.more)
        return page.lines

    def may_ask_again(self, error: HeadwayError) -> bool:
        """Whether what failed is worth another try: once it has begun, who follows does not give up."""
        return self._follow and self._answered and isinstance(error, Unavailable)
