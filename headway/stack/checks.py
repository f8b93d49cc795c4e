"""What is looked at before anything starts, so that a wrong set-up is one sentence and not a heap of output."""

import re
from itertools import combinations
from urllib.parse import urlsplit, urlunsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from headway.settings import Settings
from headway.stack.errors import StackError
from headway.stack.ports import port_problem

OLDEST_REDIS = (6, 2)
_SECRET_OPTION = re.compile(r"([?&][a-z_]*password=)[^&]*")


def check_ports(settings: Settings, *, with_redis: bool) -> None:
    """Refuse ports that cannot be opened or are asked for twice.

    Args:
        with_redis: whether a Redis is started, so that its port counts too.

    Raises:
        StackError: it names the port and the setting that changes it.
    """
    wanted = [("HEADWAY_API_PORT", settings.api_host, settings.api_port)]
    wanted.append(("HEADWAY_UI_PORT", "127.0.0.1", settings.ui_port))
    if with_redis and settings.redis_port is not None:
        wanted.append(("HEADWAY_REDIS_PORT", "127.0.0.1", settings.redis_port))
    for (one, _, port), (other, _, same) in combinations(wanted, 2):
        if port == same:
            raise StackError(f"{one} and {other} are both {port}: set one of them to another port")
    for variable, host, port in wanted:
        if problem := port_problem(host, port):
            raise StackError(f"port {port} {problem}: set {variable} to another port")


def check_redis(url: str, variable: str) -> None:
    """Refuse a Redis that does not answer or is too old.

    Args:
        variable: the setting that names it, for the sentence.

    Raises:
        StackError: it names the setting and the address, without the password.
    """
    try:
        with Redis.from_url(
            url, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0), decode_responses=True
        ) as client:
            client.ping()
            version = _version(client)
    except (RedisError, ValueError, OSError) as error:
        raise StackError(f"{variable}: no Redis answers at {without_password(url)} ({error})") from None
    if version and version < OLDEST_REDIS:
        shown = ".".join(map(str, version))
        raise StackError(f"{variable}: Redis {shown} at {without_password(url)} is too old: headway needs 6.2 or newer")


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        url = urlunsplit(parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}"))
    return _SECRET_OPTION.sub(r"\1***", url)


def _version(client: Redis) -> tuple[int, ...]:
    """Major and minor; empty if this user may not ask. Valkey tells the Redis version that it stands in for."""
    try:
        shown = str(client.info("server").get("redis_version", ""))
    except ResponseError:
        return ()
    return tuple(int(part) for part in shown.split(".")[:2] if part.isdigit())
