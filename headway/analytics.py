"""Figures about many jobs over a time, as the API gives them."""

from typing import Any, Literal

from pydantic import Field

from headway.snapshot import Number, WireModel
from headway.status import Status

Bucket = Literal["hour", "day"]

_SINCE = "The beginning of the time, which it includes."
_UNTIL = "Its end, which it does not include."


class Period(WireModel):
    """The time that figures are about: jobs that ended from `since` until before `until`."""

    since: str = Field(description=_SINCE, examples=["2025-10-27T11:00:00.000Z"])
    until: str = Field(description=_UNTIL, examples=["2025-10-28T11:00:00.000Z"])


class ThroughputBucket(WireModel):
    """One hour or day, UTC."""

    start: str = Field(description="Its first moment.", examples=["2025-10-28T10:00:00.000Z"])
    submitted: int = Field(default=0, description="Jobs that came in.")
    finished: int = 0
    failed: int = 0
    canceled: int = 0
    failure_rate: float | None = Field(
        default=None, description="failed of finished and failed, 0..1; null where neither ended."
    )


class Throughput(Period):
    """Jobs that came in and ended, by hour or day; an hour in which nothing happened is there with 0."""

    bucket: Bucket
    buckets: list[ThroughputBucket]


class Percentiles(WireModel):
    """In seconds, by nearest rank: the smallest value that at least so many percent do not exceed; null for none."""

    p50: float | None = None
    p95: float | None = None


class TaskFigures(WireModel):
    """How the jobs of a task ended, and how long they took."""

    task: str | None = Field(default=None, description="null for jobs that have none, such as a lesson writer's.")
    jobs: int = Field(default=0, description="Jobs that ended.")
    finished: int = 0
    failed: int = 0
    canceled: int = 0
    failure_rate: float | None = Field(
        default=None, description="failed of finished and failed, 0..1; null where neither ended."
    )
    wait_s: Percentiles = Field(
        default=Percentiles(), description="From the submit to the first start, of those that started."
    )
    run_s: Percentiles = Field(
        default=Percentiles(), description="Active time of the last attempt, pauses left out, of those that finished."
    )


class TaskReport(Period):
    """Figures by task, most jobs first, and of all together (`task` null)."""

    total: TaskFigures
    tasks: list[TaskFigures]


class SlowJob(WireModel):
    """One job that ended."""

    job_id: str
    task: str | None = None
    queue: str | None = None
    worker: str | None = None
    status: Status
    wait_s: float | None = None
    run_s: float = Field(description="Active time of its last attempt, pauses left out.")
    paused_s: float | None = None
    finished_at: str


class SlowJobs(Period):
    """The jobs with the longest run time, longest first."""

    jobs: list[SlowJob]


class WorkerFigures(WireModel):
    """How much of a time a worker worked."""

    worker: str
    attempts: int = Field(description="Attempts that it worked on in this time, those at its edges included.")
    busy_s: float = Field(description="Seconds of it in which an attempt ran; paused ones left out.")
    utilization: float = Field(description="busy_s of the whole time, or of what has passed of it; 0..1.")


class WorkerReport(Period):
    """Workers that worked in a time, busiest first."""

    workers: list[WorkerFigures]


class CurvePoint(WireModel):
    """A job's progress at one time."""

    t_s: float = Field(description="Active time since the attempt's start, pauses left out.")
    percent: int
    n: Number | None = None
    total: Number | None = None


class Curve(WireModel):
    """How one attempt went on; at most 200 points, the first and the last among them."""

    job_id: str
    task: str | None = None
    attempt: int
    status: Status
    started_at: str | None = None
    points: list[CurvePoint]


class Curves(WireModel):
    """The attempts of a job, oldest first; or of a task the last runs that finished, newest first."""

    curves: list[Curve]


class Event(WireModel):
    """An accepted write of a job, as history keeps it."""

    job_id: str
    attempt: int
    seq: int
    status: Status
    percent: int
    message: str = ""
    n: Number | None = None
    total: Number | None = None
    error: Any = Field(default=None, description="As in the snapshot: `{type, detail}`, or null.")
    at: str


class EventPage(WireModel):
    """Some of a job's events in their order."""

    events: list[Event]
    next: str | None = Field(default=None, description="The cursor of the following page; null on the last.")
