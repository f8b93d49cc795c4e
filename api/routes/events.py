"""A job's snapshots as Server-Sent Events, for curl and for proxies that refuse the Upgrade of a WebSocket."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api import examples, problems
from api.answers import JobId
from api.deps import PrincipalDep, ServicesDep
from api.event_stream import EventStream
from api.facts import seq_of
from api.jobs import find_latest

router = APIRouter(tags=["status"])


@router.get(
    "/events/{job_id}",
    operation_id="follow_events",
    summary="What a job is doing, as it changes",
    response_class=Response,
    responses={
        200: {
            "description": "A snapshot an event, its seq as the event's id, ending after the terminal one.",
            "content": {"text/event-stream": {"example": examples.EVENT}},
        },
        204: {"description": "The job is over, and the client has its last snapshot: do not come back."},
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def follow_events(
    job_id: JobId,
    services: ServicesDep,
    principal: PrincipalDep,
    after: Annotated[str | None, Query(description="The seq of the snapshot that you have.")] = None,
    last_event_id: Annotated[str | None, Header(description="The same, as browsers say it when they return.")] = None,
) -> Response:
    """The snapshot first, unless you have it; then each newer one."""
    seq = seq_of(last_event_id if last_event_id is not None else after)
    latest = await find_latest(services, principal, job_id)
    if latest.terminal and latest.seq == seq:
        return Response(status_code=204)
    return EventStream(principal, job_id, seq)
