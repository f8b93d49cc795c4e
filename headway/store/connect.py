"""Connections to Redis, with the timeouts that each kind of work needs."""

import time
from collections.abc import Callable

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import AbstractBackoff, ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from headway.errors import RedisUnavailable
from headway.settings import Settings

#: Seconds until one attempt at a command is given up; every write may be repeated safely.
COMMAND_TIMEOUT_S = 3.0
_RETRIES = 2
_NO_LIMIT = -1
_PATIENT_PAUSE_S = 0.5
_AWAY_PREFIXES = ("BUSY", "CLUSTERDOWN", "LOADING", "MISCONF", "NOREPLICAS", "OOM", "TRYAGAIN")


def connect(settings: Settings) -> "Redis":
    """A client for short commands."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=COMMAND_TIMEOUT_S,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), _RETRIES),
    )


class Patience(AbstractBackoff):
    """Half a second between two tries of a command, until `HEADWAY_OUTAGE_S` have passed or there is no time to lose.

    Args:
        hurry: asked before each further try; true gives the command up.
    """

    def __init__(self, outage_s: float, hurry: Callable[[], bool]) -> None:
        self._outage_s = outage_s
        self._hurry = hurry
        self._give_up_s = 0.0

    def reset(self) -> None:
        """A new command begins."""
        self._give_up_s = time.monotonic() + self._outage_s

    def compute(self, failures: int) -> float:
        """Seconds to wait before the next try."""
        if self._hurry() or time.monotonic() >= self._give_up_s:
            raise RedisConnectionError("Redis does not answer")
        return _PATIENT_PAUSE_S


def connect_patiently(settings: Settings, hurry: Callable[[], bool]) -> "Redis":
    """A client for code that cannot repeat its commands itself: an outage is a command that takes longer."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=COMMAND_TIMEOUT_S,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        retry=Retry(Patience(settings.outage_s, hurry), _NO_LIMIT),
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
