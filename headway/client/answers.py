"""What the API answers beside a bare snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ConfigDict, Field, TypeAdapter

from headway.analytics import Curves, EventPage, SlowJobs, TaskReport, Throughput, WorkerReport
from headway.overview import Overview
from headway.snapshot import EndedAttempt, Snapshot, Spec, WireModel
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo


class JobDetail(WireModel):
    """All there is about one job."""

    snapshot: Snapshot
    spec: Spec | None = Field(default=None, description="null for a job that headway did not submit.")
    attempts: list[EndedAttempt] = Field(default_factory=list, description="Oldest first, the last 20.")
    heartbeat_at: str | None = Field(default=None, description="When the running attempt's lease was last raised.")


class JobPage(WireModel):
    """One page of jobs, newest first."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    jobs: list[Snapshot]
    next_cursor: str | None = Field(default=None, alias="next", description="null on the last page.")


class BulkAnswer(WireModel):
    """What became of an action for one of many jobs."""

    job_id: str
    snapshot: Snapshot | None = Field(default=None, description="The job after it; null where it was refused.")
    problem: str | None = Field(default=None, description="Why it was refused; null where it was not.")


class BulkResult(WireModel):
    """What became of an action, in the order of the ids."""

    results: list[BulkAnswer]


class Upload(WireModel):
    """A file that the API keeps for jobs."""

    file_id: str = Field(description="What a file parameter takes.")
    bytes: int = Field(description="Its size.")
    name: str = Field(description="Its name, without folders.")


class LogLine(WireModel):
    """One line of a job's log."""

    at: str
    attempt: int
    line: str
    dropped: int = Field(default=0, description="How many lines this one stands for that did not fit.")


class LogPage(WireModel):
    """Some lines of a job's log, in their order."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    lines: list[LogLine]
    next_cursor: str | None = Field(default=None, alias="next", description="null before the first line.")
    more: bool = Field(description="Whether there are more lines now.")
    over: bool = Field(description="Whether no more will come unless the job is retried.")


class MetricSeries(WireModel):
    """What a job measured under one name, oldest first; the lists are equally long."""

    name: str
    at: list[str]
    value: list[float | None] = Field(description="null: NaN or infinity.")
    attempt: list[int]
    count: int = Field(description="How many values there are, those that were thinned out included.")
    dropped: int = Field(default=0, description="How many more did not fit between two writes.")


class MetricsAnswer(WireModel):
    """What a job measured, one series a name."""

    series: list[MetricSeries]
    partial: bool = Field(default=False, description="Whether older values are missing now.")


class StatusBatch(WireModel):
    """What the API says of at most 200 jobs."""

    snapshots: list[Snapshot]
    missing: list[str] = Field(default_factory=list, description="Asked for, and not known.")


@dataclass(frozen=True)
class Statuses:
    """The latest snapshots of many jobs by job id, and the ids that the API does not know."""

    snapshots: dict[str, Snapshot]
    missing: list[str]

    @classmethod
    def of(cls, batches: Iterable[StatusBatch]) -> Self:
        """What several answers say together."""
        snapshots: dict[str, Snapshot] = {}
        missing: list[str] = []
        for batch in batches:
            snapshots |= {snapshot.job_id: snapshot for snapshot in batch.snapshots}
            missing += batch.missing
        return cls(snapshots, missing)


SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)
BATCH: TypeAdapter[StatusBatch] = TypeAdapter(StatusBatch)
VALUE: TypeAdapter[Any] = TypeAdapter(Any)
NOTHING: TypeAdapter[None] = TypeAdapter(None)
BULK: TypeAdapter[BulkResult] = TypeAdapter(BulkResult)
JOB: TypeAdapter[JobDetail] = TypeAdapter(JobDetail)
JOBS: TypeAdapter[JobPage] = TypeAdapter(JobPage)
OVERVIEW: TypeAdapter[Overview] = TypeAdapter(Overview)
TASK: TypeAdapter[TaskInfo] = TypeAdapter(TaskInfo)
TASKS: TypeAdapter[list[TaskInfo]] = TypeAdapter(list[TaskInfo])
THROUGHPUT: TypeAdapter[Throughput] = TypeAdapter(Throughput)
TASK_REPORT: TypeAdapter[TaskReport] = TypeAdapter(TaskReport)
SLOW_JOBS: TypeAdapter[SlowJobs] = TypeAdapter(SlowJobs)
WORKER_REPORT: TypeAdapter[WorkerReport] = TypeAdapter(WorkerReport)
CURVES: TypeAdapter[Curves] = TypeAdapter(Curves)
EVENTS: TypeAdapter[EventPage] = TypeAdapter(EventPage)
UPLOAD: TypeAdapter[Upload] = TypeAdapter(Upload)
LOG_PAGE: TypeAdapter[LogPage] = TypeAdapter(LogPage)
METRICS: TypeAdapter[MetricsAnswer] = TypeAdapter(MetricsAnswer)
WORKERS: TypeAdapter[list[WorkerInfo]] = TypeAdapter(list[WorkerInfo])
