"""Which workers there are."""

from fastapi import APIRouter

from api import catalogue, examples, problems
from api.deps import Observer, StoreDep
from headway.workers import WorkerInfo

router = APIRouter(tags=["workers"])


@router.get(
    "/workers",
    operation_id="list_workers",
    summary="Workers heard of in the last minute",
    responses={
        200: examples.one([examples.WORKER]),
        **problems.documented(*problems.EVERYWHERE, *problems.STORED),
    },
)
async def list_workers(store: StoreDep, principal: Observer) -> list[WorkerInfo]:
    """What each worker last said about itself; `age_s` says how long ago."""
    return await catalogue.live_workers(store)
