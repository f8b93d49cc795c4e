"""What the API answers beside a bare snapshot."""

from pydantic import ConfigDict, Field, TypeAdapter

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


class Upload(WireModel):
    """A file that the API keeps for jobs."""

    file_id: str = Field(description="What a file parameter takes.")
    bytes: int = Field(description="Its size.")
    name: str = Field(description="Its name, without folders.")


SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)
JOB: TypeAdapter[JobDetail] = TypeAdapter(JobDetail)
JOBS: TypeAdapter[JobPage] = TypeAdapter(JobPage)
TASK: TypeAdapter[TaskInfo] = TypeAdapter(TaskInfo)
TASKS: TypeAdapter[list[TaskInfo]] = TypeAdapter(list[TaskInfo])
UPLOAD: TypeAdapter[Upload] = TypeAdapter(Upload)
WORKERS: TypeAdapter[list[WorkerInfo]] = TypeAdapter(list[WorkerInfo])
