"""API tokens: made once, shown once, kept as a digest."""

import hashlib
import hmac
import re
import secrets
import time
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headway import keys
from headway.access.roles import Role
from headway.clock import parse_utc, utc_now
from headway.errors import BadInput
from headway.store.calls import Call

_FORM = re.compile(r"hw_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_NAME_MAX = 100


class Token(BaseModel):
    """What is kept of a token. Whoever holds it is called `name`.

    With an `owner` it shows and changes that user's jobs only, and what is submitted with it is theirs.
    """

    model_config = ConfigDict(frozen=True)

    token_id: str
    digest: str = Field(repr=False)
    name: str
    role: Role
    owner: str | None
    created_at: str
    expires_at: str | None

    def matches(self, secret: str) -> bool:
        """Whether this is the secret that was shown."""
        return hmac.compare_digest(self.digest, _digest(secret))

    @property
    def expires_at_s(self) -> float | None:
        """When it ends, in seconds since 1970; None for never."""
        return None if self.expires_at is None else parse_utc(self.expires_at)

    @property
    def expired(self) -> bool:
        """Whether it has ended."""
        return self.expires_at_s is not None and self.expires_at_s <= time.time()


def mint(role: Role, *, owner: str | None, name: str | None, expires_at: str | None) -> tuple[Token, str]:
    """A new token, and the text of it that its holder sends: nobody can find that out again.

    Args:
        owner: whose jobs it is about; None is about all.
        name: what its holder is called; None takes the owner's name, or one made of role and id.
        expires_at: as timestamps are written in a snapshot; None for never.

    Raises:
        BadInput: a name or owner that nobody can have.
    """
    token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    called = name or owner or f"{role}-{token_id}"
    for what, text in (("owner", owner), ("name", called)):
        if text is not None and not (text.isprintable() and 0 < len(text.strip()) == len(text) <= _NAME_MAX):
            raise BadInput(f"{what}: use 1 to {_NAME_MAX} printable characters, without spaces around them")
    token = Token(
        token_id=token_id,
        digest=_digest(secret),
        name=called,
        role=role,
        owner=owner,
        created_at=utc_now(),
        expires_at=expires_at,
    )
    return token, f"hw_{token_id}_{secret}"


def taken_apart(text: str) -> tuple[str, str] | None:
    """Id and secret in what a client sent; None if it is no token of this kind."""
    found = _FORM.fullmatch(text)
    return None if found is None else (found[1], found[2])


def save(token: Token) -> Call[Any]:
    """Keep a token."""
    return Call(_nothing, commands=(("HSET", keys.TOKENS, token.token_id, token.model_dump_json()),))


def find(token_id: str) -> Call[Token | None]:
    """The token of this id, unless it was revoked."""
    return Call(_one, commands=(("HGET", keys.TOKENS, token_id),))


def find_all() -> Call[list[Token]]:
    """Every token that was not revoked, the newest first."""
    return Call(_all, commands=(("HGETALL", keys.TOKENS),))


def revoke(token_id: str) -> Call[bool]:
    """Take a token back; False if there is none of this id."""
    return Call(_done, commands=(("HDEL", keys.TOKENS, token_id),))


def revoked(token_ids: list[str]) -> Call[set[str]]:
    """Which of these are there no more."""
    return Call(partial(_gone, token_ids), commands=(("HMGET", keys.TOKENS, *token_ids),))


def _digest(secret: str) -> str:
    # The secret is 256 random bits: there is nothing to guess that a slow hash would protect.
    return hashlib.sha256(secret.encode()).hexdigest()


def _nothing(raw: list[Any]) -> None:
    return None


def _one(raw: list[Any]) -> Token | None:
    return None if raw[0] is None else _read(raw[0])


def _read(raw: bytes) -> Token | None:
    try:
        return Token.model_validate_json(raw)
    except ValidationError:
        # Nobody comes in by what cannot be read.
        return None


def _all(raw: list[Any]) -> list[Token]:
    found = [token for value in raw[0].values() if (token := _read(value)) is not None]
    return sorted(found, key=lambda token: token.created_at, reverse=True)


def _done(raw: list[Any]) -> bool:
    return bool(raw[0])


def _gone(token_ids: list[str], raw: list[Any]) -> set[str]:
    return {token_id for token_id, value in zip(token_ids, raw[0], strict=True) if value is None}
