"""What this session has read of a job's log: one request a refresh, each from where the last one ended."""

from collections import deque
from dataclasses import dataclass, field

from job_view import JobView
from live_region import FASTEST_S, IDLE_S

from headway import Client
from headway.client.answers import LogLine
from headway.errors import HeadwayError, JobNotFound, NotAllowed, NotSignedIn

#: As many of the newest lines are kept and shown.
LINES_MAX = 500


@dataclass
class JobLog:
    """The newest lines of one job's log, and what has become of asking for the next."""

    job: JobView
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LINES_MAX))
    #: How many lines were read, those that are no longer kept included.
    seen: int = 0
    #: How many lines are missing because they did not fit.
    dropped: int = 0
    #: Whether there are lines that were not read yet.
    more: bool = False
    #: Whether the log was read at all.
    answered: bool = False
    problem: str = ""
    denied: bool = False
    fresh: bool = False
    #: Seconds until the next request; None once the job has ended and its log was read to the end.
    poll_after_s: float | None = None
    _after: str | None = None

    def refresh(self, client: Client) -> None:
        """Ask once for the lines that follow."""
        self.fresh = True
        if self.job.snapshot is None:
            self.poll_after_s = self.job.poll_after_s
            return
        try:
            page = client.log_page(self.job.job_id, after=self._after)
        except JobNotFound:
            # The job itself says so, and whether it is asked about again.
            self.poll_after_s = self.job.poll_after_s
            return
        except HeadwayError as error:
            self.problem, self.poll_after_s = str(error), IDLE_S[1]
            self.denied = isinstance(error, NotSignedIn | NotAllowed)
            return
        self.problem, self.denied, self.answered = "", False, True
        self.lines.extend(page.lines)
        self.seen += len(page.lines)
        self.dropped += sum(line.dropped for line in page.lines)
        self._after, self.more = page.next_cursor, page.more
        if page.more:
            self.poll_after_s = FASTEST_S
        else:
            self.poll_after_s = None if page.over else self.job.poll_after_s or IDLE_S[0]

    def last(self, count: int) -> list[LogLine]:
        """So many of the last lines; none while later ones were not read yet."""
        return [] if self.more else list(self.lines)[-count:]
