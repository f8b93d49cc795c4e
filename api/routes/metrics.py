"""What a job measured."""

import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import examples, problems
from api.answers import JobId, Metrics, json_bytes
from api.deps import PrincipalDep, ServicesDep
from api.points import VALUES_MAX, read_series
from headway.history.series import POINTS_MIN
from headway.keys import check_job_id

router = APIRouter(tags=["jobs"])

Name = Annotated[str, Query(max_length=200)]


@router.get(
    "/jobs/{job_id}/metrics",
    operation_id="get_metrics",
    summary="What a job measured, as series",
    response_model=Metrics,
    responses={
        200: examples.one(examples.METRICS),
        **problems.documented(
            problems.JOB_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED, problems.HISTORY_UNAVAILABLE
        ),
    },
)
async def get_metrics(
    job_id: JobId,
    services: ServicesDep,
    principal: PrincipalDep,
    name: Annotated[list[Name] | None, Query(max_length=64, description="Several are allowed; all by default.")] = None,
    points: Annotated[
        int | None,
        Query(ge=POINTS_MIN, le=VALUES_MAX, description="Thin each series out to so many points that keep its shape."),
    ] = None,
) -> Response:
    """Every value that the job gave to `metric()`, the newest 100,000 of them."""
    series, partial = await read_series(services, principal, check_job_id(job_id), name or [], points)
    answer = {"series": [asdict(one) for one in series], "partial": partial}
    return json_bytes(json.dumps(answer, ensure_ascii=False).encode())
