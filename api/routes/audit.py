"""Who did what, and who was refused it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from api import examples, problems
from api.answers import JobId
from api.deps import Auditor, PastDep, PrincipalDep, ServicesDep
from api.jobs import find_recorded
from headway.access.audit import DeedPage
from headway.history.deeds import deeds

router = APIRouter(tags=["access"])

#: Most deeds of a page.
LIMIT_MAX = 1_000
_ID_MAX = (1 << 63) - 1

After = Annotated[int | None, Query(ge=1, le=_ID_MAX, description="An earlier page's `next`.")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]


@router.get(
    "/audit",
    operation_id="get_audit",
    summary="Who did what, newest first",
    responses={
        200: examples.one(examples.DEEDS),
        **problems.documented(*problems.EVERYWHERE, problems.HISTORY_UNAVAILABLE),
    },
)
async def get_audit(past: PastDep, principal: Auditor, after: After = None, limit: Limit = 100) -> DeedPage:
    """Every action and sign-in, allowed or refused, that a recorder has written down; for admins of all jobs."""
    return await past.ask(partial(deeds, job_id=None, after=after, limit=limit))


@router.get(
    "/jobs/{job_id}/actions",
    operation_id="get_actions",
    summary="Who did what to a job, newest first",
    responses={
        200: examples.one(examples.DEEDS),
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_actions(
    job_id: JobId, services: ServicesDep, principal: PrincipalDep, after: After = None, limit: Limit = 100
) -> DeedPage:
    """What was asked of it, allowed or refused, that a recorder has written down, which is a moment after it."""
    await find_recorded(services, principal, job_id)
    return await services.past.ask(partial(deeds, job_id=job_id, after=after, limit=limit))
