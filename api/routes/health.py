"""Whether this process is there, and whether it can serve."""

import asyncio

from fastapi import APIRouter
from redis.exceptions import RedisError

from api import examples, problems
from api.answers import Health, Ready
from api.deps import ServicesDep
from headway import judge, recorders
from headway.errors import RedisUnavailable
from headway.version import __version__

router = APIRouter(tags=["health"])

#: Whoever asks whether this process can serve wants to know soon, in seconds.
PATIENCE_S = 2.0


@router.get(
    "/healthz",
    operation_id="get_health",
    summary="Is the process there?",
    responses={200: examples.one(examples.HEALTH), **problems.documented(*problems.EVERYWHERE)},
)
async def get_health() -> Health:
    """Answers without asking anybody else."""
    return Health(version=__version__)


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="Can it serve?",
    responses={
        200: examples.one(examples.READY),
        **problems.documented(*problems.EVERYWHERE, problems.REDIS_UNAVAILABLE),
    },
)
async def get_readiness(services: ServicesDep) -> Ready:
    """503 while Redis, or the subscription that sockets live on, is away.

    Without a judge, and while history has to wait or cannot be read, it serves all the same, and says so.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            judged = await services.store.run(judge.is_there())
            names = await services.store.run(recorders.names())
            found = await services.store.run(recorders.infos(names)) if names else []
    except (RedisError, OSError, TimeoutError) as error:
        raise RedisUnavailable(f"Redis does not answer: {error}") from error
    if not services.hub.connected:
        raise RedisUnavailable("the subscription to Redis is being restored")
    unreadable = await services.past.trouble()
    dropped = max((info.dropped for info in found), default=0)
    return Ready(
        **services.hub.counts,
        judge=judged,
        history=recorders.state(found),
        history_dropped=dropped,
        history_unreadable=unreadable,
    )
