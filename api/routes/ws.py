"""The WebSockets.

They are bare ASGI applications: a socket's own task only receives, and the hub sends. A thousand sockets on one job
then cost no more than a thousand writes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import QueryParams
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from api import closing
from api.deps import services_of
from api.facts import seq_of
from api.follower import Follower, Wording
from api.incoming import Incoming
from api.many_socket import ManySocket
from api.outbox import Outbox
from api.sessions import Session
from api.socket_entry import shown_token, who_comes
from headway.errors import BadInput, HeadwayError, InvalidJobId, NotSignedIn, RedisUnavailable
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
        incoming = Incoming(receive, outbox)
        async with _session(scope, incoming, outbox) as session:
            if session is None:
                return
            socket = Follower(services_of(scope).hub, outbox, session, FOLLOW_ONE)
            try:
                await _follow(socket, scope, outbox)
                # Who does not read does not notice that the client left.
                while (text := await incoming.next()) is not None:
                    token = shown_token(text)
                    if token is not None:
                        await session.renew(token)
            finally:
                socket.leave()


class FollowMany:
    """`/ws`: the client says which jobs it wants to follow."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        outbox = await _accept(receive, send)
        incoming = Incoming(receive, outbox)
        async with _session(scope, incoming, outbox) as session:
            if session is None:
                return
            socket = ManySocket(services_of(scope).hub, outbox, session)
            try:
                while (text := await incoming.next()) is not None:
                    await socket.take(text)
                    # A client that does not read is not listened to either.
                    await outbox.drained()
            finally:
                socket.leave()


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


async def _follow(socket: Follower, scope: Scope, outbox: Outbox) -> None:
    try:
        after = seq_of(QueryParams(scope["query_string"]).get("after"))
        await socket.follow(check_job_id(scope["path_params"]["job_id"]), after)
    except InvalidJobId:
        outbox.close(closing.NOT_FOUND)
    except BadInput as error:
        outbox.close(closing.closing(closing.BAD_REQUEST, str(error)))


@asynccontextmanager
async def _session(scope: Scope, incoming: Incoming, outbox: Outbox) -> AsyncIterator[Session | None]:
    """Who has opened a socket, for as long as it is open; None if nobody may come in."""

    def refuse(error: HeadwayError) -> None:
        outbox.close(closing.of_failure(error))

    try:
        try:
            principal = await who_comes(scope, incoming)
        except (NotSignedIn, RedisUnavailable) as error:
            refuse(error)
            await outbox.drained()
            principal = None
        if principal is None:
            yield None
            return
        with services_of(scope).sessions.enter(principal, refuse) as session:
            yield session
    finally:
        await outbox.abandon()


async def _accept(receive: Receive, send: Send) -> Outbox:
    # Refusals are closes after the accept: a browser cannot see the code of any other.
    await receive()
    await send({"type": "websocket.accept"})
    return Outbox(send)
