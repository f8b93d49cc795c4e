"""What this session has read of how jobs went over a time: at most three requests, and none again until it is asked."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from live_region import IDLE_S

from headway import Client
from headway.analytics import Bucket, Curve, TaskFigures, TaskReport, Throughput
from headway.errors import HeadwayError, NotAllowed, NotSignedIn

#: Runs of a task that are drawn over each other.
_RUNS = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A time until now, and how it is divided."""

    length: timedelta
    bucket: Bucket


#: By what the page, and its address, says.
SPANS = {
    "24 hours": Span(_DAY, "hour"),
    "7 days": Span(7 * _DAY, "hour"),
    "30 days": Span(30 * _DAY, "day"),
    "90 days": Span(90 * _DAY, "day"),
}


@dataclass(frozen=True)
class HistoryFilters:
    """Over which time and of which task; None is all of them."""

    span: Span
    task: str | None = None


@dataclass
class HistoryView:
    """The figures of one time and task, and what has become of asking for them."""

    wanted: HistoryFilters
    #: None before the first answer, as `report` is.
    throughput: Throughput | None = None
    report: TaskReport | None = None
    #: Of the task that is asked for, else of the one with the most jobs; newest first.
    curves: tuple[Curve, ...] = ()
    problem: str = ""
    denied: bool = False
    fresh: bool = False
    #: Seconds until it is asked again; None once it was answered, since a chart drawn anew forgets its zoom.
    poll_after_s: float | None = None
    #: When the API answered, in seconds since 1970.
    answered_s: float | None = None

    @property
    def curves_of(self) -> str | None:
        """The task whose runs are drawn over each other; None where no job has one."""
        if self.wanted.task is not None:
            return self.wanted.task
        return next((figures.task for figures in self.tasks if figures.task and figures.finished), None)

    @property
    def tasks(self) -> list[TaskFigures]:
        """The figures of each task, most jobs first."""
        return [] if self.report is None else self.report.tasks

    @property
    def empty(self) -> bool:
        """Whether no job came in or ended."""
        if self.throughput is None:
            return True
        return not any(one.submitted or one.finished or one.failed or one.canceled for one in self.throughput.buckets)

    def refresh(self, client: Client) -> None:
        """Ask for the figures, unless they were answered."""
        self.fresh = True
        if self.answered_s is not None:
            return
        until = datetime.now(UTC)
        asked: dict[str, Any] = {"since": until - self.wanted.span.length, "until": until, "task": self.wanted.task}
        try:
            self.throughput = client.throughput(bucket=self.wanted.span.bucket, **asked)
            self.report = client.task_figures(**asked)
            if self.curves_of is not None:
                self.curves = tuple(client.progress_curves(task=self.curves_of, limit=_RUNS).curves)
        except HeadwayError as error:
            self.problem, self.poll_after_s = str(error), IDLE_S[1]
            self.denied = isinstance(error, NotSignedIn | NotAllowed)
            return
        self.problem, self.denied, self.poll_after_s = "", False, None
        self.answered_s = time.time()

    def look_again(self) -> None:
        """Have the figures asked for anew, those of now; what is known stays until they are there."""
        self.answered_s, self.fresh = None, False
