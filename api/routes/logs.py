"""What a job wrote into its log."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import examples, problems
from api.answers import JobId, LogPage, json_bytes
from api.deps import PrincipalDep, ServicesDep
from api.leaving import while_waited_for
from api.lines import Page, read_cursor, read_page, wait_for_page
from headway.keys import check_job_id

router = APIRouter(tags=["jobs"])

LIMIT_MAX = 10_000
WAIT_MAX_S = 30
_SHOWN = ("at", "attempt", "line", "dropped")


@router.get(
    "/jobs/{job_id}/logs",
    operation_id="get_logs",
    summary="What a job wrote into its log, now or once there is more",
    response_model=LogPage,
    responses={
        200: examples.one(examples.LOG_PAGE),
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_logs(
    job_id: JobId,
    request: Request,
    services: ServicesDep,
    principal: PrincipalDep,
    after: Annotated[str | None, Query(max_length=100, description="An earlier page's `next`.")] = None,
    wait: Annotated[
        float, Query(ge=0, le=WAIT_MAX_S, description="How many seconds to wait for a line where there is none.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 1_000,
) -> Response:
    """Lines in their order, from the first one or after a page's last; `over` says that no more will come."""
    cursor = read_cursor(after)
    page: Page | None
    if wait:
        waiting = wait_for_page(services, principal, check_job_id(job_id), cursor, limit, wait)
        page = await while_waited_for(request, waiting)
        if page is None:
            return Response(status_code=204)
    else:
        page = await read_page(services, principal, check_job_id(job_id), cursor, limit)
    answer = {
        "lines": [{name: row[name] for name in _SHOWN} for row in page.rows],
        "next": None if page.last is None else str(page.last),
        "more": page.more,
        "over": page.over,
    }
    return json_bytes(json.dumps(answer, ensure_ascii=False).encode())
