"""What a Redis URL may say, found out without connecting."""

from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis import ConnectionPool
from redis.asyncio import ConnectionPool as AsyncConnectionPool
from redis.exceptions import RedisError

_Seconds = Annotated[float, Field(gt=0, le=31_536_000)]
_SSL = "ssl_"


class _Options(BaseModel):
    """The options that a URL can carry and that leave alone what headway relies on."""

    model_config = ConfigDict(extra="forbid")

    db: int | None = Field(default=None, ge=0)
    username: str | None = None
    password: str | None = None
    client_name: str | None = None
    max_connections: int | None = Field(default=None, ge=1)
    socket_timeout: _Seconds | None = None
    socket_connect_timeout: _Seconds | None = None
    socket_keepalive: bool | None = None
    socket_read_size: int | None = Field(default=None, ge=1)
    retry_on_timeout: bool | None = None
    health_check_interval: int | None = Field(default=None, ge=0)
    protocol: int | None = Field(default=None, ge=2, le=3)


def check_redis_url(url: str) -> None:
    """Refuse a URL from which no connection could be made.

    Raises:
        ValueError: the sentence quotes nothing of the URL, since any part of it may be part of a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no address: write redis://host:port/0") from None
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if parts.fragment:
        raise ValueError("must have no '#': in a password write it as %23")
    if parts.scheme == "unix":
        _check_path(parts)
    else:
        _check_host(parts)
    _check_options(parse_qs(parts.query))
    for pool in (ConnectionPool, AsyncConnectionPool):
        try:
            pool.from_url(url).make_connection()
        except (ValueError, TypeError, RedisError):
            raise ValueError("has options that no connection can be made with") from None


def _check_path(parts: SplitResult) -> None:
    if parts.hostname or not parts.path.strip("/"):
        raise ValueError("must name the socket by its whole path: unix:///path/to/redis.sock")


def _check_host(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        # A '/', '?' or '#' in a password ends the host's part early, and what stands before it looks like a port.
        encoded = ": in a password write '/' as %2F, '?' as %3F" if "@" in parts.path + parts.query else ""
        raise ValueError(f"must have a port from 1 to 65535{encoded}")
    database = parts.path.strip("/")
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError("must have a number as its database, as in redis://host:port/0")


def _check_options(options: dict[str, list[str]]) -> None:
    values: dict[str, Any] = {name: given[0] for name, given in options.items() if not name.startswith(_SSL)}
    try:
        _Options.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        if name not in _Options.model_fields:
            raise ValueError(
                f"may have the options {', '.join(_Options.model_fields)} and {_SSL}…, no others"
            ) from None
        raise ValueError(f"option {name!r}: {first['msg'].removeprefix('Input ')}") from None
