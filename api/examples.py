"""What the routes answer, by example: one flights profile on its way, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from api.answers import (
    JOB_ID_EXAMPLE,
    BulkAnswer,
    BulkResult,
    Health,
    JobDetail,
    JobPage,
    LessonJob,
    LogLine,
    LogPage,
    Me,
    Metrics,
    MetricSeries,
    Ready,
    Statuses,
    Ticket,
    Upload,
)
from headway.access.audit import Deed, DeedPage
from headway.analytics import (
    Curve,
    CurvePoint,
    Curves,
    Event,
    EventPage,
    Percentiles,
    SlowJob,
    SlowJobs,
    TaskFigures,
    TaskReport,
    Throughput,
    ThroughputBucket,
    WorkerFigures,
    WorkerReport,
)
from headway.lesson import LONG_TASK
from headway.overview import Overview, QueueLoad
from headway.snapshot import Control, EndedAttempt, JobError, Snapshot, Spec
from headway.status import Status
from headway.version import __version__
from headway.workers import WorkerInfo

JSON = "application/json"

_CREATED_AT = "2025-10-28T10:21:30.000Z"
_STARTED_AT = "2025-10-28T10:21:30.250Z"
_CHANGED_AT = "2025-10-28T10:21:34.000Z"
_WORKER = "w-5f2c81aa"

QUEUED = Snapshot(
    job_id=JOB_ID_EXAMPLE,
    message="queued",
    updated_at=_CREATED_AT,
    task="profile_table",
    queue="default",
    owner="ada",
    created_at=_CREATED_AT,
)
RUNNING = QUEUED.model_copy(
    update={
        "status": Status.RUNNING,
        "percent": 40,
        "message": "chunk 3 of 7",
        "updated_at": _CHANGED_AT,
        "seq": 9,
        "worker": _WORKER,
        "fraction": 0.4014,
        "n": 135_168,
        "total": 336_776,
        "unit": "rows",
        "desc": "reading",
        "rate": 36_045.0,
        "eta_s": 5.6,
        "elapsed_s": 3.75,
        "paused_s": 0.0,
        "started_at": _STARTED_AT,
        "heartbeat_at": _CHANGED_AT,
    }
)
FINISHED = RUNNING.model_copy(
    update={
        "status": Status.FINISHED,
        "percent": 100,
        "message": "complete",
        "result": {"rows": 336_776, "columns": 19},
        "updated_at": "2025-10-28T10:21:39.600Z",
        "seq": 24,
        "fraction": 1.0,
        "n": 336_776,
        "eta_s": 0.0,
        "elapsed_s": 9.35,
        "finished_at": "2025-10-28T10:21:39.600Z",
        "heartbeat_at": "2025-10-28T10:21:39.600Z",
    }
)
ASKED = RUNNING.model_copy(
    update={"control": Control(requested="pause", by="ada", at=_CHANGED_AT), "can": ["pause", "cancel"], "seq": 10}
)
BULK = BulkResult(
    results=[
        BulkAnswer(job_id=JOB_ID_EXAMPLE, snapshot=ASKED, problem=None),
        BulkAnswer(job_id="b2", snapshot=None, problem="job not found"),
    ]
)
STATUSES = Statuses(snapshots=[RUNNING], missing=["b2"])
EVENT = f"id: {FINISHED.seq}\ndata: {FINISHED.model_dump_json()}\n\n"
SNAPSHOTS = {"queued": QUEUED, "running": RUNNING, "finished": FINISHED}

JOB_PAGE = JobPage(jobs=[RUNNING], next=f"1761646890000.{JOB_ID_EXAMPLE}")
JOB_DETAIL = JobDetail(
    snapshot=RUNNING.model_copy(update={"attempt": 2}),
    spec=Spec(
        job_id=JOB_ID_EXAMPLE,
        task="profile_table",
        params={"chunk_rows": 50_000},
        owner="ada",
        created_at=_CREATED_AT,
    ),
    attempts=[
        EndedAttempt(
            attempt=1,
            status=Status.FAILED,
            error=JobError(type="ValueError", detail="chunk 3 has no column 'dep_delay'"),
            worker=_WORKER,
            started_at=_CREATED_AT,
            finished_at=_STARTED_AT,
        )
    ],
    heartbeat_at=_CHANGED_AT,
)
LOG_PAGE = LogPage(
    lines=[LogLine(at=_CHANGED_AT, attempt=1, line="epoch 3: loss 0.41", dropped=0)],
    next="1761646894000-0.4",
    more=False,
    over=False,
)
METRICS = Metrics(
    series=[
        MetricSeries(name="loss", at=[_STARTED_AT, _CHANGED_AT], value=[0.52, 0.41], attempt=[1, 1], count=2, dropped=0)
    ],
    partial=False,
)
LESSON_JOB = LessonJob(job_id=JOB_ID_EXAMPLE)
TASK = LONG_TASK.model_copy(update={"last_seen": _CHANGED_AT, "workers": 1})
WORKER = WorkerInfo(
    name=_WORKER,
    host="laptop",
    pid=4711,
    queues=["default"],
    tasks=["long_task", "profile_table"],
    version=__version__,
    started_at=_CREATED_AT,
    heartbeat_at=_CHANGED_AT,
    age_s=0.8,
    job_id=JOB_ID_EXAMPLE,
)
UPLOAD = Upload(file_id="0123456789abcdef0123456789abcdef", bytes=8_257_536, name="flights.csv")
ME = Me(name="ann", verified=True, role="operator", owner="ann", expires_at="2026-01-01T00:00:00.000Z")
TICKET = Ticket(ticket="n7Kq3xT0m1sVbA5cQwZ8yL2dR4fJ6hU9eGiOaPkXtYs", expires_in_s=30)
HEALTH = Health(version=__version__)
READY = Ready(
    jobs=1,
    watchers=2,
    channels=1,
    judge=True,
    history="recording",
    history_dropped=0,
    history_unreadable=None,
)
OVERVIEW = Overview(
    active=1,
    waiting=1,
    paused=0,
    stalled=0,
    jobs=[RUNNING],
    queues=[QueueLoad(queue="default", waiting=1, active=1, workers=1)],
    workers=[WORKER],
)

_PERIOD: dict[str, Any] = {"since": "2025-10-27T11:00:00.000Z", "until": "2025-10-28T11:00:00.000Z"}
_COUNTS: dict[str, Any] = {"finished": 19, "failed": 1, "canceled": 2, "failure_rate": 0.05}
_FIGURES: dict[str, Any] = {
    "jobs": 22,
    **_COUNTS,
    "wait_s": Percentiles(p50=0.25, p95=4.1),
    "run_s": Percentiles(p50=9.35, p95=14.2),
}
THROUGHPUT = Throughput(
    **_PERIOD,
    bucket="hour",
    buckets=[ThroughputBucket(start="2025-10-28T10:00:00.000Z", submitted=24, **_COUNTS)],
)
TASK_REPORT = TaskReport(
    **_PERIOD,
    total=TaskFigures(task=None, **_FIGURES),
    tasks=[TaskFigures(task="profile_table", **_FIGURES)],
)
SLOW_JOBS = SlowJobs(
    **_PERIOD,
    jobs=[
        SlowJob(
            job_id=JOB_ID_EXAMPLE,
            task="profile_table",
            queue="default",
            worker=_WORKER,
            status=Status.FINISHED,
            wait_s=0.25,
            run_s=9.35,
            paused_s=0.0,
            finished_at="2025-10-28T10:21:39.600Z",
        )
    ],
)
WORKER_REPORT = WorkerReport(
    **_PERIOD, workers=[WorkerFigures(worker=_WORKER, attempts=22, busy_s=205.7, utilization=0.0024)]
)
CURVES = Curves(
    curves=[
        Curve(
            job_id=JOB_ID_EXAMPLE,
            task="profile_table",
            attempt=1,
            status=Status.FINISHED,
            started_at=_STARTED_AT,
            points=[CurvePoint(t_s=0.0, percent=0), CurvePoint(t_s=9.35, percent=100, n=336_776, total=336_776)],
        )
    ]
)

DEEDS = DeedPage(
    actions=[
        Deed(
            action="cancel",
            by="bob",
            verified=True,
            outcome="refused",
            detail="'bob' may not do this: cancel",
            job_id=JOB_ID_EXAMPLE,
            at=_CHANGED_AT,
        )
    ],
    next=4711,
)

EVENTS = EventPage(
    events=[
        Event(
            job_id=JOB_ID_EXAMPLE,
            attempt=1,
            seq=9,
            status=Status.RUNNING,
            percent=40,
            message="chunk 3 of 7",
            n=135_168,
            total=336_776,
            at=_CHANGED_AT,
        )
    ],
    next="1761646894000-0000000000",
)


def one(example: Any) -> dict[str, Any]:
    """A successful answer's `content` with one example: a model, a list of models, or any JSON."""
    return {"content": {JSON: {"example": _plain(example)}}}


def several(examples: Mapping[str, BaseModel]) -> dict[str, Any]:
    """A successful answer's `content` with several examples, by name."""
    return {"content": {JSON: {"examples": {name: {"value": _plain(model)} for name, model in examples.items()}}}}


def _plain(example: Any) -> Any:
    if isinstance(example, list):
        return [_plain(item) for item in example]
    return example.model_dump(mode="json") if isinstance(example, BaseModel) else example
