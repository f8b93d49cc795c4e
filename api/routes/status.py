"""The lesson's status endpoint: the snapshot as it is stored, one or several, now or once it changes."""

import json
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import Scope

from api import examples, problems
from api.answers import JobId, Statuses, json_bytes
from api.auth import allow
from api.deps import Lister, PrincipalDep, ServicesDep, principal_of, services_of
from api.facts import etag, etag_matches
from api.jobs import Seen, find_latest, find_many, find_newer
from api.leaving import while_waited_for
from api.topic import Latest
from headway.errors import BadInput
from headway.snapshot import Snapshot


class MemoryFirst(APIRoute):
    """Answers a plain poll of a watched job before FastAPI looks into what else there may be in it.

    Everything that it would find out costs more than the answer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with that in front."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return _from_memory(request.scope) or await handle(request)

        return answer


router = APIRouter(tags=["status"], route_class=MemoryFirst)

#: How many jobs one request may ask for, and how long it may wait for a change, in seconds.
IDS_MAX = 200
WAIT_MAX_S = 30
_SEQ_MAX = 10**15 - 1
_HEADERS = {
    "ETag": {"description": 'Send it back as `If-None-Match`: `"<seq>-<hash>"`.', "schema": {"type": "string"}},
    "Headway-Poll-After": {
        "description": "Seconds until it is worth asking again; absent once the job is over.",
        "schema": {"type": "number"},
    },
}
_UNCHANGED = {"description": "Nothing has changed.", "headers": _HEADERS}
_CACHE = "private, no-cache"

IfNoneMatch = Annotated[str | None, Header(description="An earlier answer's `ETag`.")]


@router.get(
    "/status/{job_id}",
    operation_id="get_status",
    summary="What a job is doing now, or once that changes",
    response_model=Snapshot,
    responses={
        200: {"headers": _HEADERS, **examples.several(examples.SNAPSHOTS)},
        304: _UNCHANGED,
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_status(
    job_id: JobId,
    request: Request,
    services: ServicesDep,
    principal: PrincipalDep,
    if_none_match: IfNoneMatch = None,
    after: Annotated[int | None, Query(ge=0, le=_SEQ_MAX, description="The seq of the snapshot that you have.")] = None,
    wait: Annotated[
        float, Query(ge=0, le=WAIT_MAX_S, description="With `after`: how many seconds to wait for a newer one.")
    ] = 0,
) -> Response:
    """The latest snapshot. A failed job is data too: 200, with `status: "failed"`."""
    seen = None if after is None else Seen(after, if_none_match)
    latest: Latest | None
    if seen is None or not wait:
        latest = await find_latest(services, principal, job_id)
    else:
        latest = await while_waited_for(request, find_newer(services, principal, job_id, seen, wait))
    if latest is None:
        return Response(status_code=204)
    unchanged = etag_matches(if_none_match, latest.etag) if if_none_match is not None else latest.seq == after
    return _answer(latest.stored.raw, latest.etag, latest.poll_after_s(time.time()), unchanged)


@router.get(
    "/status",
    operation_id="get_statuses",
    summary="What several jobs are doing now",
    response_model=Statuses,
    responses={
        200: {"headers": _HEADERS, **examples.one(examples.STATUSES)},
        304: _UNCHANGED,
        **problems.documented(*problems.EVERYWHERE, problems.REDIS_UNAVAILABLE, problems.HISTORY_UNAVAILABLE),
    },
)
async def get_statuses(
    services: ServicesDep,
    principal: Lister,
    ids: Annotated[str, Query(description=f"Job ids with commas between, at most {IDS_MAX}.", examples=["a1,b2"])],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The latest snapshots in the order asked; `missing` names the jobs that are not there, or not yours to see."""
    job_ids = list(dict.fromkeys(job_id for job_id in ids.split(",") if job_id))
    if len(job_ids) > IDS_MAX:
        raise BadInput(f"ids: {len(job_ids)} jobs are more than {IDS_MAX}; ask in parts")
    found = await find_many(services, principal, job_ids)
    missing = [job_id for job_id in job_ids if job_id not in found]
    snapshots = b",".join(latest.stored.raw for latest in found.values())
    body = b'{"snapshots":[%b],"missing":%b}' % (snapshots, json.dumps(missing).encode())
    tag = etag("many", body)
    return _answer(body, tag, _soonest(found.values()), etag_matches(if_none_match, tag))


def _from_memory(scope: Scope) -> Response | None:
    job_id = scope["path_params"].get("job_id")
    if job_id is None or scope["query_string"]:
        return None
    latest = services_of(scope).hub.fresh(job_id)
    if latest is None or not allow(principal_of(scope), "read", latest.stored):
        return None
    unchanged = etag_matches(Headers(scope=scope).get("if-none-match"), latest.etag)
    return _answer(latest.stored.raw, latest.etag, latest.poll_after_s(time.time()), unchanged)


def _soonest(found: Iterable[Latest]) -> float | None:
    now_s = time.time()
    return min((after_s for latest in found if (after_s := latest.poll_after_s(now_s)) is not None), default=None)


def _answer(body: bytes, tag: str, after_s: float | None, unchanged: bool) -> Response:
    headers = {"ETag": tag, "Cache-Control": _CACHE}
    if after_s is not None:
        headers["Headway-Poll-After"] = f"{after_s:g}"
    return Response(status_code=304, headers=headers) if unchanged else json_bytes(body, headers=headers)
