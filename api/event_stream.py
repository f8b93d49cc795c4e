"""An answer that goes on: one job's snapshots as Server-Sent Events."""

import asyncio

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.auth import Principal
from api.deps import services_of
from api.ending import end
from api.follower import Follower, Wording
from api.leaving import until_left
from api.outbox import Outbox

#: Proxies cut what is silent for longer, in seconds.
KEEP_ALIVE_S = 15.0
#: A client that takes nothing for so long is sent away, in seconds.
BLOCKED_MAX_S = 60.0

_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}
_ALIVE: Message = {"type": "http.response.body", "body": b":\n\n", "more_body": True}


# A client comes back by itself after the end, with the id of its last event: whatever it is told, it is told then.
_WORDING = Wording(lambda latest: latest.event, lambda failure: _END, over=_END, unknown=_END, leaving=_END)


class EventStream(Response):
    """Sends until the job is over or the client has left."""

    media_type = "text/event-stream"

    def __init__(self, principal: Principal, job_id: str, after: int | None) -> None:
        super().__init__(headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._principal = principal
        self._job_id = job_id
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        outbox = Outbox(send)
        services = services_of(scope)
        leaving = asyncio.create_task(until_left(receive), name="headway-event-stream")
        keeping = asyncio.create_task(_keep_alive(outbox), name="headway-keep-alive")
        with services.sessions.enter(self._principal, lambda why: outbox.close(_END)) as session:
            follower = Follower(services.hub, outbox, session, _WORDING)
            try:
                await follower.follow(self._job_id, self._after)
                await asyncio.wait({leaving, keeping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                follower.leave()
                await outbox.abandon()
                await end(leaving, keeping)


async def _keep_alive(outbox: Outbox) -> None:
    """Show the client, and every proxy between, that somebody is there; ends when the client takes nothing any more."""
    while True:
        await asyncio.sleep(KEEP_ALIVE_S)
        outbox.put("alive", _ALIVE)
        try:
            async with asyncio.timeout(BLOCKED_MAX_S):
                await outbox.drained()
        except TimeoutError:
            return
