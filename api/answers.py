"""What the routes answer beside a bare snapshot."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from headway.access.roles import Role
from headway.settings import QUEUE_NAME
from headway.snapshot import EndedAttempt, Snapshot, Spec

JOB_ID_EXAMPLE = "abcd1234"
#: A name that jobs are chosen by: PostgreSQL takes no text with a zero byte.
NAME = "^[^\\x00]*$"
JobId = Annotated[str, Path(description="1 to 64 letters, digits, `_` or `-`.", examples=[JOB_ID_EXAMPLE])]


class JobDetail(BaseModel):
    """All there is about one job."""

    snapshot: Snapshot
    spec: Spec | None = Field(description="What was asked for; null for a job that headway did not submit.")
    attempts: list[EndedAttempt] = Field(description="How the last 20 attempts ended, oldest first.")
    heartbeat_at: str | None = Field(description="When the running attempt's lease was last raised; null without one.")


class Statuses(BaseModel):
    """Several jobs at once."""

    snapshots: list[Snapshot]
    missing: list[str] = Field(description="Jobs that are not there.", examples=[["b2"]])


class JobPage(BaseModel):
    """One page of jobs, newest first."""

    jobs: list[Snapshot]
    next: str | None = Field(description="The cursor of the following page; null on the last.")


class LogLine(BaseModel):
    """One line of a job's log."""

    at: str = Field(description="When the job wrote it.", examples=["2025-10-28T10:21:34.123Z"])
    attempt: int = Field(examples=[1])
    line: str = Field(description="At most 4,000 characters.", examples=["epoch 3: loss 0.41"])
    dropped: int = Field(
        description="How many lines this one stands for that did not fit; 0 for a line of the job's own."
    )


class LogPage(BaseModel):
    """Some lines of a job's log, in their order."""

    lines: list[LogLine]
    next: str | None = Field(
        description="What `after` is to be for the lines that follow, now or later; null before the first line.",
        examples=["1761646894000-0.4"],
    )
    more: bool = Field(description="Whether there are more lines now.")
    over: bool = Field(description="Whether the job is over and this was all: no more will come unless it is retried.")


class MetricSeries(BaseModel):
    """What a job measured under one name, oldest first; the lists are equally long."""

    name: str = Field(examples=["loss"])
    at: list[str] = Field(description="When each value was measured.", examples=[["2025-10-28T10:21:34.123Z"]])
    value: list[float | None] = Field(description="Null: NaN or infinity.", examples=[[0.41]])
    attempt: list[int] = Field(examples=[[1]])
    count: int = Field(description="How many values there are; more than are listed where they were thinned out.")
    dropped: int = Field(description="How many more the job measured that did not fit between two writes.")


class Metrics(BaseModel):
    """What a job measured, one series a name."""

    series: list[MetricSeries]
    partial: bool = Field(description="Whether older values are missing, since history does not answer now.")


class Submit(BaseModel):
    """Which task to run, and with what."""

    model_config = ConfigDict(extra="forbid")

    task: str = Field(max_length=200, description="A name that `GET /tasks` lists.", examples=["long_task"])
    params: dict[str, Any] = Field(default_factory=dict, examples=[{"n_steps": 5}])
    queue: str | None = Field(
        default=None,
        pattern=f"^{QUEUE_NAME.pattern}$",
        description="Where the job waits; null takes the task's own queue.",
        examples=["default"],
    )


class LessonRun(BaseModel):
    """The lesson's request; further members are ignored, as in the lesson."""

    n_steps: int = Field(default=5, description="How many steps to take; below 1 the job finishes at once.")


class LessonJob(BaseModel):
    """The lesson's answer."""

    job_id: str = Field(examples=[JOB_ID_EXAMPLE])


class BulkAnswer(BaseModel):
    """What became of an action for one of many jobs."""

    job_id: str = Field(examples=[JOB_ID_EXAMPLE])
    snapshot: Snapshot | None = Field(default=None, description="The job after it; null where it was refused.")
    problem: str | None = Field(default=None, description="Why it was refused; null where it was not.")


class BulkResult(BaseModel):
    """What became of an action, in the order of the ids."""

    results: list[BulkAnswer]


class Upload(BaseModel):
    """A file that was kept."""

    file_id: str = Field(description="What a file parameter takes.", examples=["0123456789abcdef0123456789abcdef"])
    bytes: int = Field(description="Its size.", examples=[1024])
    name: str = Field(description="The client's name for it, without folders.", examples=["flights.csv"])


class Health(BaseModel):
    """The process is there."""

    version: str


class Ready(BaseModel):
    """Everything that requests need is there."""

    jobs: int = Field(description="Jobs that somebody watches through this process.")
    watchers: int = Field(description="Open sockets and streams.")
    channels: int = Field(description="Channels subscribed in Redis.")
    history: Literal["recording", "waiting", "none"] = Field(
        description="`waiting` while recorders cannot reach their database, `none` without any recorder."
    )
    history_dropped: int = Field(description="Events that were lost before any recorder could write them.")
    history_unreadable: str | None = Field(
        default=None,
        description="That this process cannot read history; its log says more. Null while it can, or nobody began it.",
    )
    judge: bool = Field(description="Whether a judge looks after dead workers, retries and lost jobs.")


def json_bytes(content: bytes, http_status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer whose JSON is already written."""
    return Response(content, http_status, headers, "application/json")


class Me(BaseModel):
    """Who is asking, as this API knows them."""

    name: str = Field(examples=["ann"])
    verified: bool = Field(description="Whether the name was proved, or only claimed.")
    role: Role | None
    owner: str | None = Field(description="Whose jobs alone this is about; null for all.")
    expires_at: str | None = Field(description="When the token ends; null for never.")


class Ticket(BaseModel):
    """What lets its holder in once: `?ticket=` on a socket or an event stream."""

    ticket: str
    expires_in_s: int = Field(description="How long it is good for, in seconds.", examples=[30])
