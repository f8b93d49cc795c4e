"""The lesson's status endpoint: the snapshot as it is stored."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api import examples, problems
from api.answers import JobId, json_bytes
from api.deps import PrincipalDep, StoreDep
from api.facts import etag, etag_matches, poll_after
from api.jobs import find_job
from headway.snapshot import Snapshot

router = APIRouter(tags=["status"])

_HEADERS = {
    "ETag": {"description": 'Send it back as `If-None-Match`: `"<seq>-<hash>"`.', "schema": {"type": "string"}},
    "Headway-Poll-After": {
        "description": "Seconds until it is worth asking again; absent once the job is over.",
        "schema": {"type": "number"},
    },
}


@router.get(
    "/status/{job_id}",
    operation_id="get_status",
    summary="What a job is doing now",
    response_model=Snapshot,
    responses={
        200: {"headers": _HEADERS, **examples.several(examples.SNAPSHOTS)},
        304: {"description": "Nothing has changed.", "headers": _HEADERS},
        **problems.documented(problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED),
    },
)
async def get_status(
    job_id: JobId,
    store: StoreDep,
    principal: PrincipalDep,
    if_none_match: Annotated[str | None, Header(description="An earlier answer's `ETag`.")] = None,
) -> Response:
    """The latest snapshot. A failed job is data too: 200, with `status: "failed"`."""
    stored = await find_job(store, principal, job_id)
    headers = {"ETag": etag(stored), "Cache-Control": "private, no-cache"}
    after_s = poll_after(job_id, stored)
    if after_s is not None:
        headers["Headway-Poll-After"] = after_s
    if etag_matches(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return json_bytes(stored.raw, headers=headers)
