"""What this session has read of what a job measures: one request a refresh, and none where nothing is new."""

from dataclasses import dataclass, field

from job_view import JobView
from live_region import IDLE_S

from headway import Client
from headway.client.answers import MetricSeries
from headway.errors import HeadwayError, JobNotFound, NotAllowed, NotSignedIn

#: More points than this a chart of this size cannot show.
_POINTS_MAX = 400


@dataclass
class JobMetrics:
    """One job's series, and what has become of asking for them."""

    job: JobView
    series: list[MetricSeries] = field(default_factory=list)
    #: From when to when the charts go, as plotly writes times; None for all there is.
    span: tuple[str, str] | None = None
    problem: str = ""
    denied: bool = False
    fresh: bool = False
    #: Seconds until the next look; None once the job has ended and its last values were read.
    poll_after_s: float | None = None
    #: The snapshot's number as of which the series are; None before the first answer.
    _as_of: int | None = None

    def refresh(self, client: Client) -> None:
        """Ask once, unless the job measures nothing or has reported nothing since."""
        self.fresh, self.poll_after_s = True, self.job.poll_after_s
        snapshot = self.job.snapshot
        if snapshot is None or not snapshot.metrics or snapshot.seq == self._as_of:
            self.problem, self.denied = "", False
            return
        try:
            self.series = client.metric_series(self.job.job_id, points=_POINTS_MAX)
        except JobNotFound:
            return
        except HeadwayError as error:
            self.problem, self.poll_after_s = str(error), IDLE_S[1]
            self.denied = isinstance(error, NotSignedIn | NotAllowed)
            return
        self.problem, self.denied, self._as_of = "", False, snapshot.seq
