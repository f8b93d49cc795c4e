"""What happened to a job."""

import json
from typing import Annotated

from fastapi import APIRouter, Query

from api import examples, problems
from api.answers import JobId
from api.deps import PrincipalDep, ServicesDep
from api.jobs import find_recorded
from headway.analytics import Event, EventPage
from headway.history.reading import History

router = APIRouter(tags=["jobs"])

#: Most events of a page.
LIMIT_MAX = 5_000


@router.get(
    "/jobs/{job_id}/history",
    operation_id="get_history",
    summary="What happened to a job, in its order",
    responses={
        200: examples.one(examples.EVENTS),
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_history(
    job_id: JobId,
    services: ServicesDep,
    principal: PrincipalDep,
    after: Annotated[
        str | None, Query(pattern="^[0-9]{13,15}-[0-9]{10}$", description="An earlier page's `next`.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 1_000,
) -> EventPage:
    """Every accepted write that a recorder has written down, which is a moment after it happened."""
    await find_recorded(services, principal, job_id)
    page = await services.past.ask(lambda database: History(database).events(job_id, after=after, limit=limit))
    return EventPage(events=[_event(one) for one in page.events], next=page.next)


def _event(row: dict[str, object]) -> Event:
    error = row["error"]
    return Event.model_validate(row | {"error": json.loads(error) if isinstance(error, str) else None})
