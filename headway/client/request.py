"""What each question sends to the API, and how its answer is read; no input or output of its own."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from headway.analytics import Bucket, Curves, EventPage, SlowJobs, TaskReport, Throughput, WorkerReport
from headway.client.answers import (
    BATCH,
    BULK,
    CURVES,
    EVENTS,
    JOB,
    JOBS,
    LOG_PAGE,
    METRICS,
    NOTHING,
    OVERVIEW,
    SLOW_JOBS,
    SNAPSHOT,
    TASK,
    TASK_REPORT,
    TASKS,
    THROUGHPUT,
    UPLOAD,
    VALUE,
    WORKER_REPORT,
    WORKERS,
    BulkResult,
    JobDetail,
    JobPage,
    LogPage,
    MetricsAnswer,
    StatusBatch,
    Upload,
)
from headway.client.problems import error_of, not_headway
from headway.encode import encode_result
from headway.errors import BadInput
from headway.keys import check_idempotency_key, check_job_id
from headway.overview import Overview
from headway.snapshot import Action, Snapshot
from headway.status import Status
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo

T = TypeVar("T")

#: RFC 3339 text, or a datetime with a time zone; None leaves it to the API.
Time = str | datetime | None

#: As many as the API answers at once, and as long as every proxy lets an address be.
_BATCH_MAX = 200
_BATCH_MAX_CHARS = 7_000
_LINES_MAX = 2_000


@dataclass(frozen=True)
class Request(Generic[T]):
    """One question; `about` is the job id or task name that an error names."""

    method: str
    path: str
    answer: TypeAdapter[T]
    about: str = ""
    query: Mapping[str, str | int | float | Sequence[str]] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def read(self, http_status: int, body: bytes, base: str) -> T:
        """The answer's value; `base` is the API's address, for an error's sentence.

        Raises:
            HeadwayError: what `problems` makes of anything but a good answer.
        """
        if http_status >= 300:
            raise error_of(http_status, body, about=self.about, base=base)
        try:
            return self.answer.validate_json(body or b"null")
        except ValidationError:
            raise not_headway(base, self.path) from None


def submit(
    task: str,
    params: Mapping[str, Any] | None,
    more: Mapping[str, Any],
    *,
    queue: str | None,
    idempotency_key: str | None,
) -> Request[Snapshot]:
    """Ask for a job; errors as `Client.submit` lists them."""
    given = dict(params or {})
    if twice := given.keys() & more.keys():
        raise BadInput(f"parameter {min(twice)!r} was given twice")
    params_text = encode_result({**given, **more}, name="params")
    body = f'{{"task":{json.dumps(task)},"params":{params_text},"queue":{json.dumps(queue)}}}'
    key = uuid.uuid4().hex if idempotency_key is None else check_idempotency_key(idempotency_key)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return Request("POST", "/jobs", SNAPSHOT, about=task, body=body.encode(), headers=headers)


def act(job_id: str, action: Action, idempotency_key: str | None) -> Request[Snapshot]:
    """Ask something of a job; errors as `Client.pause` and the like list them."""
    key = uuid.uuid4().hex if idempotency_key is None else check_idempotency_key(idempotency_key)
    path = f"/jobs/{check_job_id(job_id)}/{action}"
    return Request("POST", path, SNAPSHOT, about=job_id, headers={"Idempotency-Key": key})


def bulk(action: Action, job_ids: Iterable[str]) -> list[Request[BulkResult]]:
    """Ask the same of many jobs, each once, in as few requests as the API allows."""
    if isinstance(job_ids, str):
        raise BadInput(f"act_on({job_ids!r}): give a list of job ids")
    ids = [check_job_id(job_id) for job_id in dict.fromkeys(job_ids)]
    parts = [ids[start : start + _BATCH_MAX] for start in range(0, len(ids), _BATCH_MAX)]
    return [
        Request(
            "POST",
            "/jobs/bulk",
            BULK,
            body=json.dumps({"action": action, "ids": part}).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex},
        )
        for part in parts
    ]


def delete(job_id: str) -> Request[None]:
    """Remove a job."""
    return Request("DELETE", f"/jobs/{check_job_id(job_id)}", NOTHING, about=job_id)


def upload() -> Request[Upload]:
    """Send a file, whose body the transport makes."""
    return Request("POST", "/files", UPLOAD)


def status(job_id: str) -> Request[Snapshot]:
    """Ask for a job's latest snapshot."""
    return Request("GET", f"/status/{check_job_id(job_id)}", SNAPSHOT, about=job_id)


def statuses(job_ids: Iterable[str]) -> list[Request[StatusBatch]]:
    """Ask for the latest snapshots of many jobs, each once, in as few requests as the API allows."""
    if isinstance(job_ids, str):
        raise BadInput(f"statuses({job_ids!r}): give a list of job ids")
    batches: list[str] = []
    count = 0
    for job_id in dict.fromkeys(job_ids):
        check_job_id(job_id)
        if batches and count < _BATCH_MAX and len(batches[-1]) + len(job_id) < _BATCH_MAX_CHARS:
            batches[-1] += f",{job_id}"
            count += 1
        else:
            batches.append(job_id)
            count = 1
    return [Request("GET", f"/status?ids={ids}", BATCH) for ids in batches]


def result(job_id: str) -> Request[Any]:
    """Ask for a result that is kept beside its snapshot."""
    return Request("GET", f"/jobs/{check_job_id(job_id)}/result", VALUE, about=job_id)


def logs(job_id: str, after: str | None, wait_s: float) -> Request[LogPage]:
    """Ask for the lines of a job's log that follow, or wait for some."""
    query: dict[str, str | int | float | Sequence[str]] = {"limit": _LINES_MAX}
    if after is not None:
        query["after"] = after
    if wait_s:
        query["wait"] = wait_s
    return Request("GET", f"/jobs/{check_job_id(job_id)}/logs", LOG_PAGE, about=job_id, query=query)


def metrics(job_id: str, names: Iterable[str], points: int | None) -> Request[MetricsAnswer]:
    """Ask for what a job measured."""
    if isinstance(names, str):
        raise BadInput(f"names={names!r}: give a list of names")
    query: dict[str, str | int | float | Sequence[str]] = {"name": list(names)}
    if points is not None:
        query["points"] = points
    return Request("GET", f"/jobs/{check_job_id(job_id)}/metrics", METRICS, about=job_id, query=query)


def job(job_id: str) -> Request[JobDetail]:
    """Ask for all there is about a job."""
    return Request("GET", f"/jobs/{check_job_id(job_id)}", JOB, about=job_id)


def jobs(
    *,
    status: Status | str | Iterable[Status | str] | None,
    task: str | None,
    queue: str | None,
    owner: str | None,
    search: str | None,
    limit: int,
    cursor: str | None,
) -> Request[JobPage]:
    """Ask for a page of jobs."""
    statuses = status if status is None or isinstance(status, str) else list(status)
    others = {"task": task, "queue": queue, "owner": owner, "search": search, "limit": limit, "cursor": cursor}
    query = _given(others) | ({} if statuses is None else {"status": statuses})
    return Request("GET", "/jobs", JOBS, query=query)


def tasks() -> Request[list[TaskInfo]]:
    """Ask for every task."""
    return Request("GET", "/tasks", TASKS)


def task(name: str) -> Request[TaskInfo]:
    """Ask for one task."""
    return Request("GET", f"/tasks/{quote(name, safe='')}", TASK, about=name)


def workers() -> Request[list[WorkerInfo]]:
    """Ask for the workers."""
    return Request("GET", "/workers", WORKERS)


def overview() -> Request[Overview]:
    """Ask what is going on now."""
    return Request("GET", "/overview", OVERVIEW)


def history(job_id: str, *, after: str | None = None, limit: int = 1_000) -> Request[EventPage]:
    """Ask for some of a job's events; `after` is an earlier page's `next`."""
    path = f"/jobs/{check_job_id(job_id)}/history"
    return Request("GET", path, EVENTS, about=job_id, query=_given({"after": after, "limit": limit}))


def throughput(since: Time, until: Time, bucket: Bucket, task: str | None) -> Request[Throughput]:
    """Ask how many jobs came in and ended, by hour or day."""
    query = _time(since, until) | _given({"bucket": bucket, "task": task})
    return Request("GET", "/analytics/throughput", THROUGHPUT, query=query)


def task_figures(since: Time, until: Time, task: str | None) -> Request[TaskReport]:
    """Ask how jobs ended and how long they took, by task."""
    return Request("GET", "/analytics/tasks", TASK_REPORT, query=_time(since, until) | _given({"task": task}))


def slowest_jobs(since: Time, until: Time, task: str | None, limit: int) -> Request[SlowJobs]:
    """Ask for the jobs that took longest."""
    query = _time(since, until) | _given({"task": task, "limit": limit})
    return Request("GET", "/analytics/slowest", SLOW_JOBS, query=query)


def worker_figures(since: Time, until: Time, task: str | None) -> Request[WorkerReport]:
    """Ask how much each worker worked."""
    return Request("GET", "/analytics/workers", WORKER_REPORT, query=_time(since, until) | _given({"task": task}))


def progress_curves(job_id: str | None, task: str | None, limit: int) -> Request[Curves]:
    """Ask how a job went on, or the last runs of a task."""
    about = "" if job_id is None else check_job_id(job_id)
    query = _given({"job_id": job_id, "task": task, "limit": limit})
    return Request("GET", "/analytics/curves", CURVES, about=about, query=query)


def _time(since: Time, until: Time) -> dict[str, str | int]:
    asked: dict[str, str | int] = {}
    for name, value in (("since", since), ("until", until)):
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise BadInput(f"{name}: {value} has no time zone: give one, such as datetime.now(UTC)")
            value = value.isoformat()
        asked |= {} if value is None else {name: value}
    return asked


def _given(asked: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in asked.items() if value is not None}
