"""The lesson's own submit, answered as in the lesson."""

import json

from fastapi import APIRouter

from api import catalogue, examples, problems
from api.answers import LessonJob, LessonRun
from api.deadline import in_thread
from api.deps import ServicesDep, Submitter
from api.jobs import may_submit
from api.validation import check_params
from headway import lesson
from headway.submit import Submission, submit

router = APIRouter(tags=["lesson"])


@router.post(
    "/workflow/run",
    operation_id="run_workflow",
    summary="Run the lesson's task",
    response_model=LessonJob,
    responses={
        200: examples.one(examples.LESSON_JOB),
        **problems.documented(
            problems.BAD_PARAMS,
            problems.TOO_MANY,
            problems.ENGINE_UNAVAILABLE,
            *problems.WITH_BODY,
            *problems.EVERYWHERE,
            *problems.STORED,
        ),
    },
)
async def run_workflow(asked: LessonRun, services: ServicesDep, principal: Submitter) -> LessonJob:
    """Accepted even when no worker has ever announced the task."""
    await may_submit(services, principal)
    info = await catalogue.find_task(services.store, lesson.NAME)
    # The lesson's loop takes no step for a negative number; the task itself wants 0 said for that.
    params = {"n_steps": max(0, asked.n_steps)}
    check_params(info, params)
    wanted = Submission(
        info=info,
        params=params,
        queue=info.queue,
        owner=principal.submits_as,
        verified=principal.verified,
        engine_name=services.settings.engine,
        served=await catalogue.served(services.store, info.name, info.queue),
    )
    submitted = await in_thread(submit, services.blocking_store, services.engine, wanted)
    job_id = json.loads(submitted.stored.raw)["job_id"]
    await services.audit.did(principal, "submit", job_id)
    return LessonJob(job_id=job_id)
