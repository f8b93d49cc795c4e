"""How who is asking says so."""

from typing import Protocol

from starlette.datastructures import Headers

from api.audit import Audit
from api.auth import Principal, local_user
from headway.access import tokens
from headway.errors import NotSignedIn
from headway.store import AsyncStore

_SCHEME = "bearer"


class SignIn(Protocol):
    """Finds out who somebody is."""

    async def by_headers(self, headers: Headers) -> Principal:
        """Who sends a request.

        Raises:
            NotSignedIn: they do not say, or it is not true.
        """

    async def by_token(self, token: str) -> Principal:
        """Who holds a token; errors as `by_headers`."""


class Local:
    """Nobody has to: who reaches this machine's loopback address is its user."""

    async def by_headers(self, headers: Headers) -> Principal:
        """The local user, as they call themselves."""
        return local_user(headers.get("x-headway-user"))

    async def by_token(self, token: str) -> Principal:
        """The local user."""
        return local_user(None)


class ByToken:
    """Everybody has to show a token, that was neither revoked nor has expired."""

    def __init__(self, store: AsyncStore, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    async def by_headers(self, headers: Headers) -> Principal:
        """Who holds the token of `Authorization: Bearer`."""
        given = headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != _SCHEME or not token:
            raise NotSignedIn("say who you are: send a token as `Authorization: Bearer`")
        return await self.by_token(token.strip())

    async def by_token(self, token: str) -> Principal:
        """Who holds an API token."""
        parts = tokens.taken_apart(token)
        try:
            principal = await self._holder(parts)
        except NotSignedIn as error:
            await self._audit.turned_away(None if parts is None else parts[0], str(error))
            raise
        await self._audit.signed_in(principal)
        return principal

    async def _holder(self, parts: tuple[str, str] | None) -> Principal:
        if parts is None:
            raise NotSignedIn("what was sent is no token of headway's")
        known = await self._store.run(tokens.find(parts[0]))
        # The same words whether it was never there, was revoked or is not quite right.
        if known is None or not known.matches(parts[1]):
            raise NotSignedIn("this token is not valid, or not any more")
        if known.expired:
            raise NotSignedIn("this token has expired")
        return Principal(
            known.name,
            verified=True,
            role=known.role,
            owner=known.owner,
            token_id=known.token_id,
            expires_at_s=known.expires_at_s,
        )
