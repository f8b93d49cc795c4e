"""Connections to Redis, with the timeouts that each kind of work needs."""

from importlib.util import find_spec
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from headway.errors import RedisUnavailable
from headway.settings import Settings

#: Seconds until one attempt at a command is given up; every write may be repeated safely.
COMMAND_TIMEOUT_S = 3.0
_RETRIES = 2
# A subscription whose connection was cut silently is noticed after so long, in seconds.
_EAR_PING_S = 10
# To tell Redis which library it is, redis-py reads its package's metadata for each connection, and asks twice more: in
# a work-horse, that opens two, a tenth of its time. The versions before that one take no such argument.
_NAMELESS: dict[str, Any] = {"driver_info": None} if find_spec("redis.driver_info") else {}
_AWAY_PREFIXES = ("BUSY", "CLUSTERDOWN", "LOADING", "MISCONF", "NOREPLICAS", "OOM", "TRYAGAIN")


def connect(settings: Settings) -> "Redis":
    """A client for short commands."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=COMMAND_TIMEOUT_S,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), _RETRIES),
        **_NAMELESS,
    )


def connect_ear(settings: Settings) -> "Redis":
    """A client for one subscription, read now and then by a thread."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=COMMAND_TIMEOUT_S,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        health_check_interval=_EAR_PING_S,
        **_NAMELESS,
    )


def connect_async(settings: Settings) -> "AsyncRedis":
    """A client for short commands inside an event loop."""
    return AsyncRedis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=COMMAND_TIMEOUT_S,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        retry=AsyncRetry(ExponentialBackoff(cap=0.5, base=0.05), _RETRIES),
    )


def connect_listener(settings: Settings) -> "AsyncRedis":
    """A client for one subscription: its reads wait without end."""
    return AsyncRedis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=None,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        # Whoever reads sends the pings; a check of redis-py's own would cross a read that is under way.
        health_check_interval=0,
    )


def away(error: RedisError | OSError) -> RedisUnavailable | None:
    """The error to raise if `error` means that Redis cannot serve now, None if it is somebody's mistake."""
    if isinstance(error, OSError | RedisConnectionError | RedisTimeoutError):
        return RedisUnavailable(f"Redis does not answer: {error}")
    # In a pipeline redis-py puts "Command # 1 (…) of pipeline caused error: " before what Redis said.
    said = str(error).rpartition("caused error: ")[2]
    if isinstance(error, OutOfMemoryError | ReadOnlyError | MasterDownError) or said.startswith(_AWAY_PREFIXES):
        return RedisUnavailable(f"Redis cannot serve now: {said}")
    return None
