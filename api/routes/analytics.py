"""Figures about many jobs, from history."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api import examples, problems
from api.answers import NAME
from api.auth import readable_by
from api.deps import Observer, PastDep
from headway.analytics import Bucket, Curves, SlowJobs, TaskReport, Throughput, WorkerReport
from headway.errors import BadInput
from headway.history.curves import ProgressCurves
from headway.history.figures import Figures
from headway.history.whose import Whose
from headway.history.window import Window
from headway.keys import check_job_id

router = APIRouter(prefix="/analytics", tags=["analytics"])

Since = Annotated[
    str | None,
    Query(max_length=40, description="RFC 3339; absent: 24 hours before `until`, by day 30 days."),
]
Until = Annotated[str | None, Query(max_length=40, description="RFC 3339; absent: now.")]
Task = Annotated[str | None, Query(max_length=200, pattern=NAME, description="Only jobs of this task.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What most figures are about: a time, one task or all, and whose jobs."""

    since: str | None
    until: str | None
    task: str | None
    whose: Whose

    def window(self, bucket: Bucket = "hour") -> Window:
        """The time; see `Window.asked`."""
        return Window.asked(self.since, self.until, bucket)


def _asked(principal: Observer, since: Since = None, until: Until = None, task: Task = None) -> Asked:
    return Asked(since, until, task, readable_by(principal))


AskedDep = Annotated[Asked, Depends(_asked)]


def _answers(example: Any) -> dict[int | str, dict[str, Any]]:
    return {
        200: examples.one(example),
        **problems.documented(*problems.EVERYWHERE, problems.HISTORY_UNAVAILABLE),
    }


@router.get(
    "/throughput",
    operation_id="get_throughput",
    summary="Jobs that came in and ended, by hour or day",
    responses=_answers(examples.THROUGHPUT),
)
async def get_throughput(past: PastDep, asked: AskedDep, bucket: Bucket = "hour") -> Throughput:
    """Whole hours or days, UTC, at most 1,000 of them; one in which nothing happened is there with 0."""
    window = asked.window(bucket)
    window.out_to(bucket)
    return await past.ask(lambda database: Figures(database).throughput(window, bucket, asked.task, asked.whose))


@router.get(
    "/tasks",
    operation_id="get_task_figures",
    summary="How jobs ended and how long they took, by task",
    responses=_answers(examples.TASK_REPORT),
)
async def get_task_figures(past: PastDep, asked: AskedDep) -> TaskReport:
    """Counts, failure rate, and the percentiles of wait and run time of the jobs that ended in this time."""
    window = asked.window()
    return await past.ask(lambda database: Figures(database).tasks(window, asked.task, asked.whose))


@router.get(
    "/slowest",
    operation_id="get_slowest_jobs",
    summary="The jobs that took longest",
    responses=_answers(examples.SLOW_JOBS),
)
async def get_slowest_jobs(past: PastDep, asked: AskedDep, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> SlowJobs:
    """By active time, pauses left out, of the jobs that ended in this time, however they ended."""
    window = asked.window()
    return await past.ask(lambda database: Figures(database).slowest(window, asked.task, limit, asked.whose))


@router.get(
    "/workers",
    operation_id="get_worker_figures",
    summary="How much of a time each worker worked",
    responses=_answers(examples.WORKER_REPORT),
)
async def get_worker_figures(past: PastDep, asked: AskedDep) -> WorkerReport:
    """Workers that worked on nothing in this time are not in it."""
    window = asked.window()
    return await past.ask(lambda database: Figures(database).workers(window, asked.task, asked.whose))


@router.get(
    "/curves",
    operation_id="get_progress_curves",
    summary="How a job went on, or the last runs of a task",
    responses={
        **_answers(examples.CURVES),
        **problems.documented(problems.JOB_NOT_FOUND, *problems.EVERYWHERE, problems.HISTORY_UNAVAILABLE),
    },
)
async def get_progress_curves(
    past: PastDep,
    principal: Observer,
    job_id: Annotated[str | None, Query(description="One job: a curve of each of its attempts.")] = None,
    task: Annotated[
        str | None, Query(max_length=200, pattern=NAME, description="The runs of a task that finished last.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="With `task`: most runs.")] = 10,
) -> Curves:
    """Progress over active time; give either `job_id` or `task`."""
    whose = readable_by(principal)
    if job_id is not None and task is None:
        wanted = check_job_id(job_id)
        return await past.ask(lambda database: ProgressCurves(database).of_job(wanted, whose))
    if task is not None and job_id is None:
        named = task
        return await past.ask(lambda database: ProgressCurves(database).of_task(named, limit, whose))
    raise BadInput("job_id, task: give one of them")
