"""The lesson's WebSocket: a job's snapshots as they come, and nothing else."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.auth import Principal, allow
from api.deps import HubDep, PrincipalDep
from api.ending import end
from api.feed import GoingAway
from api.hub import Hub
from headway.errors import InvalidJobId, RedisUnavailable, Unreadable
from headway.keys import check_job_id

router = APIRouter()

#: A job may be watched a moment before it is there, in seconds; the lesson's socket waits too.
UNKNOWN_S = 5.0
OVER = 1000
UNREADABLE = 1011
GOING_AWAY = 1012
TRY_AGAIN = 1013
BAD_REQUEST = 4400
UNKNOWN = 4404
_SEQ_DIGITS_MAX = 15

Ending = tuple[int, str]


@router.websocket("/ws/{job_id}")
async def follow_job(
    websocket: WebSocket,
    job_id: str,
    hub: HubDep,
    principal: PrincipalDep,
    after: Annotated[str | None, Query()] = None,
) -> None:
    """The snapshot first, unless its seq is `after`; then each newer one; 1000 after the terminal one."""
    # Refusals are closes after the accept: a browser cannot see the code of any other.
    await websocket.accept()
    sending = asyncio.create_task(_send(websocket, hub, principal, job_id, after))
    leaving = asyncio.create_task(_until_disconnect(websocket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            code, reason = sending.result()
            await websocket.close(code, reason)
    except WebSocketDisconnect:
        pass
    finally:
        await end(sending, leaving)


@router.websocket("/{path:path}")
async def refuse(websocket: WebSocket, path: str) -> None:
    """No job has such an address."""
    await websocket.accept()
    await websocket.close(UNKNOWN, "job not found")


async def _send(websocket: WebSocket, hub: Hub, principal: Principal, job_id: str, after: str | None) -> Ending:
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= _SEQ_DIGITS_MAX):
        return BAD_REQUEST, "after: give the seq of a snapshot, a whole number"
    try:
        async with hub.watch(check_job_id(job_id), None if after is None else int(after)) as feed:
            if not await feed.known(UNKNOWN_S):
                return UNKNOWN, "job not found"
            async for stored in feed.snapshots():
                if not allow(principal, "read", stored):
                    return UNKNOWN, "job not found"
                await websocket.send_text(stored.raw.decode())
    except InvalidJobId:
        return UNKNOWN, "job not found"
    except Unreadable:
        return UNREADABLE, "what is stored for this job is no snapshot"
    except RedisUnavailable:
        return TRY_AGAIN, "Redis does not answer"
    except GoingAway:
        return GOING_AWAY, "the server is going away"
    return OVER, ""


async def _until_disconnect(websocket: WebSocket) -> None:
    """Read and ignore what the client says; without reading, nobody notices that it left."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
