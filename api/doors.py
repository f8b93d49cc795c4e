"""What stands before the routes where it is asked who comes in."""

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.auth import Principal
from api.deps import services_of
from api.sign_in import ByToken
from api.tickets import admitted
from headway.errors import NotSignedIn, RedisUnavailable

#: What says nothing about anybody's jobs: whether the process is alive, what the API looks like, and the pages that
#: then ask for what they show.
OPEN = frozenset({"/healthz", "/readyz", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
OPEN_UNDER = ("/ui",)
# A browser's EventSource sends no headers of a page's own.
_BY_TICKET = "/events/"


class Doors:
    """Finds out who sends a request, before anything of its body is read; sockets may still say so themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "http" and not _open(scope["path"]):
            try:
                scope["state"]["principal"] = await _who_asks(scope)
            except NotSignedIn as error:
                await problems.response(problems.NOT_SIGNED_IN, str(error))(scope, receive, send)
                return
            except RedisUnavailable as error:
                await problems.response(problems.REDIS_UNAVAILABLE, str(error))(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _who_asks(scope: Scope) -> Principal:
    services, headers = services_of(scope), Headers(scope=scope)
    if scope["path"].startswith(_BY_TICKET) and "authorization" not in headers:
        ticket = QueryParams(scope["query_string"]).get("ticket")
        if ticket is not None and isinstance(services.sign_in, ByToken):
            return await admitted(services.store, ticket)
    return await services.sign_in.by_headers(headers)


def _open(path: str) -> bool:
    return path in OPEN or any(path == under or path.startswith(f"{under}/") for under in OPEN_UNDER)
