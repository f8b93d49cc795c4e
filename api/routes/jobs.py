"""Submitting jobs, listing them, and all there is about one."""

import asyncio
import json
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api import catalogue, examples, problems
from api.answers import NAME, JobDetail, JobId, JobPage, Submit, json_bytes
from api.deadline import in_thread
from api.deps import Lister, PrincipalDep, ServicesDep, Submitter
from api.job_pages import job_page
from api.jobs import find_kept, may_submit
from api.validation import check_params
from headway.errors import Conflict, NotFound, Unreadable
from headway.history.database import HistoryUnavailable
from headway.listing import Filters
from headway.snapshot import Snapshot
from headway.status import Status
from headway.submit import Submission, submit

router = APIRouter(tags=["jobs"])

IdempotencyKey = Annotated[
    str | None,
    Header(description="A repeat with the same key within a day answers with the same job. 1 to 128 of A-Za-z0-9._~-"),
]


@router.post(
    "/jobs",
    operation_id="submit_job",
    summary="Submit a job",
    status_code=201,
    response_model=Snapshot,
    responses={
        201: {
            "headers": {"Location": {"description": "The job's own address.", "schema": {"type": "string"}}},
            **examples.one(examples.QUEUED),
        },
        **problems.documented(
            problems.TASK_NOT_FOUND,
            problems.BAD_PARAMS,
            problems.CONFLICT,
            problems.TOO_MANY,
            problems.ENGINE_UNAVAILABLE,
            *problems.WITH_BODY,
            *problems.EVERYWHERE,
            *problems.STORED,
        ),
    },
)
async def submit_job(
    asked: Submit, services: ServicesDep, principal: Submitter, idempotency_key: IdempotencyKey = None
) -> Response:
    """The answer is the job's snapshot: queued, or what became of it meanwhile."""
    await may_submit(services, principal, idempotency_key)
    info = await catalogue.find_task(services.store, asked.task)
    check_params(info, asked.params)
    queue = asked.queue or info.queue
    wanted = Submission(
        info=info,
        params=asked.params,
        queue=queue,
        owner=principal.submits_as,
        verified=principal.verified,
        engine_name=services.settings.engine,
        served=await catalogue.served(services.store, info.name, queue),
        idempotency_key=idempotency_key,
    )
    submitted = await in_thread(submit, services.blocking_store, services.engine, wanted)
    raw = submitted.stored.raw
    job_id = json.loads(raw)["job_id"]
    if submitted.created:
        await services.audit.did(principal, "submit", job_id)
    return json_bytes(raw, 201, {"Location": f"/jobs/{job_id}"})


@router.get(
    "/jobs",
    operation_id="list_jobs",
    summary="Jobs, newest first",
    response_model=JobPage,
    responses={
        200: examples.one(examples.JOB_PAGE),
        **problems.documented(*problems.EVERYWHERE, *problems.STORED),
    },
)
async def list_jobs(
    services: ServicesDep,
    principal: Lister,
    status: Annotated[
        list[Status] | None, Query(description="Several are allowed: `?status=failed&status=canceled`.")
    ] = None,
    task: Annotated[str | None, Query(max_length=200, pattern=NAME)] = None,
    queue: Annotated[str | None, Query(max_length=200, pattern=NAME)] = None,
    owner: Annotated[str | None, Query(max_length=200, pattern=NAME)] = None,
    search: Annotated[
        str | None, Query(max_length=200, pattern=NAME, description="Text in the id, the task or the message.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=100, description="An earlier page's `next`.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """A page may have fewer jobs than `limit`, or none, and still a `next`: matches are rare there."""
    if principal.owner is not None and owner not in {None, principal.owner}:
        return json_bytes(b'{"jobs":[],"next":null}')
    filters = Filters(frozenset(status or ()), task, queue, owner or principal.owner, search or None)
    found = await job_page(services, principal, filters, cursor=cursor, limit=limit)
    jobs = b",".join(stored.raw for stored in found.jobs)
    return json_bytes(b'{"jobs":[%b],"next":%b}' % (jobs, json.dumps(found.next_cursor).encode()))


@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="All there is about one job",
    response_model=JobDetail,
    responses={
        200: examples.one(examples.JOB_DETAIL),
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_job(job_id: JobId, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Snapshot, what was asked for, how earlier attempts ended, and the lease's own heartbeat."""
    stored, store = await find_kept(services, principal, job_id), services.store
    spec, attempts, heartbeat_at = await asyncio.gather(
        store.run(store.calls.spec(job_id)),
        store.run(store.calls.attempts(job_id)),
        store.run(store.calls.lease_at(job_id)),
    )
    if spec is None and not attempts and not stored.adopted:
        # Of headway's own this means that it has left Redis.
        with suppress(HistoryUnavailable):
            attempts = await services.expired.attempts(job_id)
    spec_json = b"null" if spec is None else spec.model_dump_json().encode()
    attempts_json = b",".join(attempt.model_dump_json().encode() for attempt in attempts)
    return json_bytes(
        b'{"snapshot":%b,"spec":%b,"attempts":[%b],"heartbeat_at":%b}'
        % (stored.raw, spec_json, attempts_json, json.dumps(heartbeat_at).encode())
    )


@router.get(
    "/jobs/{job_id}/result",
    operation_id="get_result",
    summary="A job's result, however large",
    responses={
        200: {"description": "The result, any JSON.", **examples.one({"msg": "done", "value": 42})},
        **problems.documented(
            problems.JOB_NOT_FOUND,
            problems.NOT_FOUND,
            problems.CONFLICT,
            *problems.EVERYWHERE,
            *problems.STORED,
            problems.HISTORY_UNAVAILABLE,
        ),
    },
)
async def get_result(job_id: JobId, services: ServicesDep, principal: PrincipalDep) -> Response:
    """What the job returned: a small result is in its snapshot too, a large one only here."""
    stored, store = await find_kept(services, principal, job_id), services.store
    if stored.status != Status.FINISHED:
        raise Conflict(f"job {job_id!r} has no result: it is {stored.status}")
    try:
        result = json.loads(stored.raw).get("result")
    except ValueError as error:
        raise Unreadable(job_id, "it is not JSON") from error
    if not _kept_beside(result, job_id):
        return json_bytes(json.dumps(result, ensure_ascii=False).encode())
    kept = await store.run(store.calls.result(job_id))
    if kept is None:
        raise NotFound(f"the result of job {job_id!r} is no longer kept")
    return json_bytes(kept)


def _kept_beside(result: object, job_id: str) -> bool:
    return (
        isinstance(result, dict) and result.keys() == {"href", "bytes"} and result["href"] == f"/jobs/{job_id}/result"
    )
