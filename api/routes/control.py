"""What people ask of jobs, one at a time or many at once."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from redis.exceptions import ResponseError

from api import auth, examples, problems
from api.answers import BulkAnswer, BulkResult, JobId, json_bytes
from api.auth import Principal, allow
from api.deadline import in_thread
from api.deps import Lister, PrincipalDep, Services, ServicesDep
from api.jobs import find_job
from headway import control
from headway.control import Request
from headway.errors import BadInput, Conflict, EngineUnavailable, NotAllowed, NotFound, TooMany, Unreadable
from headway.keys import check_idempotency_key, check_job_id
from headway.snapshot import Action, Snapshot
from headway.store import Stored
from headway.values import replace_surrogates

router = APIRouter(tags=["control"])

#: How many jobs one request may be about.
BULK_MAX = 200
Key = Annotated[
    str | None, Header(alias="Idempotency-Key", description="A repeat with the same key does nothing more.")
]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: examples.one(examples.ASKED),
    **problems.documented(
        problems.JOB_NOT_FOUND,
        problems.CONFLICT,
        problems.TOO_MANY,
        problems.ENGINE_UNAVAILABLE,
        *problems.EVERYWHERE,
        *problems.STORED,
    ),
}


def _carriable(job_id: str) -> str:
    """An id that the answer can name, whether a job has it or not."""
    if replace_surrogates(job_id) != job_id:
        raise ValueError("holds half a surrogate pair, which is no character")
    return job_id


class Bulk(BaseModel):
    """One action for many jobs."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    ids: list[Annotated[str, AfterValidator(_carriable)]] = Field(
        min_length=1, max_length=BULK_MAX, examples=[["abcd1234"]]
    )


def _route(action: Action, summary: str, description: str) -> None:
    @router.post(
        f"/jobs/{{job_id}}/{action}",
        operation_id=f"{action}_job",
        summary=summary,
        description=description,
        response_model=Snapshot,
        responses=_ANSWERS,
    )
    async def ask(job_id: JobId, services: ServicesDep, principal: PrincipalDep, key: Key = None) -> Response:
        return json_bytes((await _act(services, principal, job_id, action, key)).raw)


_route("pause", "Pause a job", "A waiting job is held; a running one stands still at its next step, and says so.")
_route("resume", "Resume a paused job", "It goes on where it stood still, or waits in its queue again.")
_route("cancel", "Cancel a job", "A waiting job ends at once; a running one at its next step, its clean-up done.")
_route("retry", "Retry a job that is over", "It waits in its queue again, as its next attempt.")


@router.post(
    "/jobs/bulk",
    operation_id="act_on_jobs",
    summary="Ask the same of many jobs",
    responses={
        200: examples.one(examples.BULK),
        **problems.documented(*problems.WITH_BODY, *problems.EVERYWHERE, problems.REDIS_UNAVAILABLE),
    },
)
async def act_on_jobs(asked: Bulk, services: ServicesDep, principal: Lister, key: Key = None) -> BulkResult:
    """Each job is answered for by itself, in the order of the ids; one that is refused costs the others nothing."""
    answers = []
    for job_id in dict.fromkeys(asked.ids):
        try:
            stored = await _act(services, principal, job_id, asked.action, key)
        except (BadInput, Conflict, NotFound, TooMany, Unreadable, EngineUnavailable) as error:
            answers.append(BulkAnswer(job_id=job_id, snapshot=None, problem=str(error)))
        else:
            answers.append(BulkAnswer(job_id=job_id, snapshot=stored.snapshot, problem=None))
    return BulkResult(results=answers)


@router.delete(
    "/jobs/{job_id}",
    operation_id="delete_job",
    summary="Delete a job that is over",
    status_code=204,
    responses={
        204: {"description": "It is gone, for everybody and at once."},
        **problems.documented(
            problems.JOB_NOT_FOUND, problems.CONFLICT, problems.TOO_MANY, *problems.EVERYWHERE, *problems.STORED
        ),
    },
)
async def delete_job(job_id: JobId, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Its snapshot, its parameters and its result are removed."""
    by, verified = principal.name, principal.verified
    check_job_id(job_id)
    async with services.audit.refusals(principal, "delete", job_id):
        await services.limits.act(principal)
        await _may(services, principal, job_id, "delete")
        await in_thread(partial(control.delete, services.blocking_store, job_id, by, verified=verified))
    services.hub.forget(job_id)
    return Response(status_code=204)


async def _act(services: Services, principal: Principal, job_id: str, action: Action, key: str | None) -> Stored:
    check_job_id(job_id)
    async with services.audit.refusals(principal, action, job_id):
        checked = None if key is None else check_idempotency_key(key)
        repeated = checked is not None and await _repeats(services, job_id, action, checked)
        if not repeated:
            await services.limits.act(principal)
        await _may(services, principal, job_id, action)
        if action == "retry" and not repeated:
            await services.limits.room()
        request = Request(action, principal.name, principal.verified, checked)
        # What is done the job's own event says.
        stored = await in_thread(control.act, services.blocking_store, services.engine, job_id, request)
    # Before the message of the change arrives, this process already answers with it.
    services.hub.offer(job_id, stored)
    return stored


async def _repeats(services: Services, job_id: str, action: Action, key: str) -> bool:
    try:
        return await services.store.run(control.is_repeat(job_id, action, key))
    except ResponseError:
        # Its state is somebody else's: that is said by whoever reads the job.
        return False


async def _may(services: Services, principal: Principal, job_id: str, action: auth.Action) -> None:
    """Let pass who may do this; a job that one may not even see is none."""
    stored = await find_job(services.store, principal, job_id)
    if not allow(principal, action, stored):
        raise NotAllowed(f"{principal.name!r} may not do this: {action}")
