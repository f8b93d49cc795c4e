"""What stands before every route: whose page asks, through which name, with how large a body of which kind."""

import re
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

_LOOPBACK = r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?"
_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
#: Pages that may ask: those of this machine, from any port.
ORIGIN = re.compile(f"https?://{_LOOPBACK}", re.IGNORECASE)
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODY_TYPES = frozenset({"application/json", "multipart/form-data"})
ORIGIN_REFUSED = 4403


class NamesGuard:
    """Refuses pages of other sites, whatever the method, and other names for this machine (DNS rebinding).

    CORS alone stops neither a form's multipart nor a `POST` without a body.

    Args:
        app: what is guarded.
        origins: whose pages may ask, besides those that this server gave out itself; None for those of this machine,
            under whose names alone it may then be asked.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str] | None) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._origins is None and not _all_match(_HOST, headers.getlist("host")):
            kind, detail = problems.BAD_HOST, "the Host header must be localhost, 127.0.0.1 or [::1]"
        elif not all(self._known(origin, headers) for origin in headers.getlist("origin")):
            kind, detail = problems.FORBIDDEN, "pages of other sites are not served"
        else:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await _close(receive, send, detail)
            return
        await problems.response(kind, detail)(scope, receive, send)

    def _known(self, origin: str, headers: Headers) -> bool:
        if self._origins is None:
            return ORIGIN.fullmatch(origin) is not None
        return origin.lower() in self._origins or origin.partition("://")[2] == headers.get("host")


class BodyGuard:
    """Refuses bodies that are too large, Content-Length or not, and those that are neither JSON nor files."""

    def __init__(self, app: ASGIApp, max_bytes: int, file_max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._file_max_bytes = file_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        max_bytes = self._file_max_bytes if scope["path"] == "/files" else self._max_bytes
        length = headers.get("content-length", "")
        too_large = f"the body is larger than {max_bytes} bytes"
        if length.isdigit() and int(length[:20]) > max_bytes:
            await problems.response(problems.TOO_LARGE, too_large)(scope, receive, send)
        elif scope["method"] in _BODY_METHODS and _has_body(headers) and not _of_known_type(headers):
            detail = "send the body as application/json or multipart/form-data"
            await problems.response(problems.UNSUPPORTED, detail)(scope, receive, send)
        elif not await _Counted(self._app, max_bytes).serve(scope, receive, send):
            await problems.response(problems.TOO_LARGE, too_large)(scope, receive, send)


class _TooLarge(Exception):
    """Ends the reading of a body."""


class _Counted:
    """One request whose body is counted while it is read."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._left = max_bytes
        self._answered = False

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve it; False if nothing was answered because the body is too large."""

        async def counted() -> Message:
            message = await receive()
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _TooLarge
            return message

        async def answer(message: Message) -> None:
            # The app may have made another error of the one that ended its reading.
            if self._left >= 0 or self._answered:
                self._answered = True
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted, answer)
        return self._left >= 0 or self._answered


async def _close(receive: Receive, send: Send, reason: str) -> None:
    # A browser sees the code of a close only after the accept.
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": ORIGIN_REFUSED, "reason": reason})


def _all_match(pattern: re.Pattern[str], values: list[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(value) for value in values)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _of_known_type(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() in _BODY_TYPES
