"""The WebSockets.

They are bare ASGI applications: a socket's own task only receives, and the hub sends. A thousand sockets on one job
then cost no more than a thousand writes.
"""

from starlette.datastructures import QueryParams
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from api import closing
from api.deps import principal_of, services_of
from api.facts import seq_of
from api.follower import Follower, Wording
from api.incoming import Incoming
from api.many_socket import ManySocket
from api.outbox import Outbox
from headway.errors import BadInput, InvalidJobId
from headway.keys import check_job_id

FOLLOW_ONE = Wording(
    snapshot=lambda latest: latest.frame,
    failure=closing.of_failure,
    over=closing.FINISHED,
    unknown=closing.NOT_FOUND,
    leaving=closing.LEAVING,
)


class FollowJob:
    """`/ws/{job_id}?after=SEQ`: the job's snapshots, and nothing else."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        outbox = await _accept(receive, send)
        socket = Follower(services_of(scope).hub, outbox, principal_of(scope), FOLLOW_ONE)
        try:
            try:
                after = seq_of(QueryParams(scope["query_string"]).get("after"))
                await socket.follow(check_job_id(scope["path_params"]["job_id"]), after)
            except InvalidJobId:
                outbox.close(closing.NOT_FOUND)
            except BadInput as error:
                outbox.close(closing.closing(closing.BAD_REQUEST, str(error)))
            incoming = Incoming(receive, outbox)
            # Who does not read does not notice that the client left.
            while await incoming.next() is not None:
                pass
        finally:
            socket.leave()
            await outbox.abandon()


class FollowMany:
    """`/ws`: the client says which jobs it wants to follow."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        outbox = await _accept(receive, send)
        socket = ManySocket(services_of(scope).hub, outbox, principal_of(scope))
        incoming = Incoming(receive, outbox)
        try:
            while (text := await incoming.next()) is not None:
                await socket.take(text)
                # A client that does not read is not listened to either.
                await outbox.drained()
        finally:
            socket.leave()
            await outbox.abandon()


class Refuse:
    """No job has such an address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one socket."""
        outbox = await _accept(receive, send)
        outbox.close(closing.NOT_FOUND)
        await outbox.drained()


ROUTES = [
    WebSocketRoute("/ws", FollowMany()),
    WebSocketRoute("/ws/{job_id}", FollowJob()),
    WebSocketRoute("/{path:path}", Refuse()),
]


async def _accept(receive: Receive, send: Send) -> Outbox:
    # Refusals are closes after the accept: a browser cannot see the code of any other.
    await receive()
    await send({"type": "websocket.accept"})
    return Outbox(send)
