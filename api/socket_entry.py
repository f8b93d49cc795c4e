"""How one comes in by a socket: a header, a ticket in its address, or a token as its first message."""

import asyncio
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from api.auth import Principal
from api.deps import services_of
from api.incoming import Incoming
from api.sign_in import ByToken
from api.tickets import admitted
from headway.errors import NotSignedIn

#: How long a socket may stay open before its client has said who it is, in seconds.
SAY_WHO_S = 5.0
_TOKEN_MAX = 8_192


class Op(BaseModel):
    """What a client says on a socket."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ShowToken(Op):
    """Say who is asking, at first or before the token shown before expires."""

    op: Literal["auth"]
    token: Annotated[str, Field(max_length=_TOKEN_MAX)]


def shown_token(text: str) -> str | None:
    """The token in a message; None if it shows none."""
    try:
        return ShowToken.model_validate_json(text).token
    except ValidationError:
        return None


async def who_comes(scope: Scope, incoming: Incoming) -> Principal | None:
    """Who has opened a socket; None if the client left before it said so.

    Raises:
        NotSignedIn: it did not say so in time, or it is not true.
        RedisUnavailable: nobody can know now.
    """
    services, headers = services_of(scope), Headers(scope=scope)
    ticket = QueryParams(scope["query_string"]).get("ticket")
    if "authorization" in headers or not isinstance(services.sign_in, ByToken):
        return await services.sign_in.by_headers(headers)
    if ticket is not None:
        return await admitted(services.store, ticket)
    try:
        async with asyncio.timeout(SAY_WHO_S):
            text = await incoming.next()
    except TimeoutError:
        raise NotSignedIn("say who you are: connect with a ticket, or show a token first") from None
    if text is None:
        return None
    token = shown_token(text)
    if token is None:
        raise NotSignedIn("say who you are: the first message has to show a token")
    return await services.sign_in.by_token(token)
