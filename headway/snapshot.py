"""The snapshot: one JSON object that says all there is to say about a job now."""

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from headway.status import Status

Number = int | float
Action = Literal["pause", "resume", "cancel", "retry"]


class WireModel(BaseModel):
    """Base of everything that travels as JSON: immutable, and unknown members of a newer writer are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class JobError(WireModel):
    """Why an attempt failed."""

    type: str = Field(default="Error", examples=["ValueError"])
    detail: str = Field(default="", examples=["chunk 3 has no column 'dep_delay'"])


class Control(WireModel):
    """An action asked for and not yet acknowledged."""

    requested: Literal["pause", "resume", "cancel"]
    by: str = ""
    at: str = ""


class Bar(WireModel):
    """One bar of several, nested by `parent`."""

    id: int
    parent: int | None = None
    desc: str = ""
    n: Number = 0
    total: Number | None = None
    unit: str = "it"
    percent: int = 0
    fraction: float | None = None


class Snapshot(WireModel):
    """What a job is doing, as of `updated_at`; `seq` alone orders two of them.

    The first seven members are the lesson's. A member that a lesson writer left out has its default here, and a
    percent that no bar could draw (text, NaN, beyond 0..100) is brought into range.
    """

    job_id: str = Field(examples=["abcd1234"])
    status: Status = Field(default=Status.QUEUED, examples=["running"])
    percent: int = Field(default=0, ge=0, le=100, description="Rounded down; 100 only when finished.", examples=[40])
    message: str = Field(default="", examples=["step 2/5"])
    result: Any = Field(default=None, description="Any JSON; `{href, bytes}` where it is too large to carry here.")
    error: JobError | None = None
    updated_at: str = Field(
        default="", description="RFC 3339, UTC, milliseconds.", examples=["2025-10-28T10:21:34.000Z"]
    )
    seq: int = Field(default=1, ge=1, description="Rises by one with every accepted write of this job.")
    attempt: int = Field(default=1, ge=1)
    task: str | None = None
    queue: str | None = None
    owner: str | None = None
    worker: str | None = None
    fraction: float | None = Field(default=None, description="0..1; null while the total is unknown.")
    n: Number | None = None
    total: Number | None = Field(default=None, description="null is unknown: an indeterminate bar.")
    unit: str | None = None
    desc: str | None = None
    rate: float | None = Field(default=None, description="Units per second of active time.")
    eta_s: float | None = None
    eta_range_s: tuple[float, float] | None = None
    elapsed_s: float | None = Field(default=None, description="Active time of this attempt.")
    paused_s: float | None = None
    bars: list[Bar] = Field(default_factory=list, description="At most 64.")
    metrics: dict[str, Number | None] = Field(default_factory=dict, description="Latest values; at most 64 names.")
    control: Control | None = None
    can: list[Action] = Field(default_factory=list, description="What engine and state allow now.")
    position: int | None = Field(default=None, description="Place in the queue, from 0.")
    wait_s: float | None = None
    stalled_since: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    heartbeat_at: str | None = None

    @field_validator("percent", mode="before")
    @classmethod
    def _percent_in_range(cls, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return 0
        return math.floor(min(max(value, 0), 100))

    @field_validator("message", "updated_at", mode="before")
    @classmethod
    def _text(cls, value: object) -> str:
        return "" if value is None else str(value)

    @field_validator("error", mode="before")
    @classmethod
    def _error_object(cls, value: object) -> object:
        return value if value is None or isinstance(value, dict | JobError) else {"detail": str(value)}


class Policy(WireModel):
    """How a task's attempts are run; stored with each job."""

    retries: int = Field(default=0, ge=0, le=100, description="Automatic attempts after the first.")
    backoff: float = Field(default=1.0, ge=0, description="Seconds before the first automatic attempt; doubles after.")
    timeout: float | None = Field(default=None, gt=0, description="Active seconds an attempt may take; null: no limit.")
    pause: Literal["auto", "cooperative", "signal", "never"] = "auto"
    stall_s: float = Field(default=60.0, gt=0, description="Seconds without progress before a job counts as stalled.")
    capture_output: bool = Field(default=True, description="Whether what attempts print and log is in the job's log.")


class Spec(WireModel):
    """What was asked for at submit; retry and "run again with changes" read it."""

    job_id: str
    task: str
    params: dict[str, Any] = Field(default_factory=dict)
    queue: str = "default"
    engine: str = "rq"
    owner: str | None = None
    verified: bool = Field(default=False, description="Whether the owner's name was proved, or only claimed.")
    policy: Policy = Policy()
    created_at: str


class EndedAttempt(WireModel):
    """How an attempt ended."""

    attempt: int
    status: Status
    error: JobError | None = None
    worker: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
