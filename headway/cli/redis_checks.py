"""What `headway doctor` asks Redis."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from headway import workers
from headway.cli.clocks import clock
from headway.cli.findings import Finding, bad, ok, warn
from headway.quantities import number
from headway.settings import Settings
from headway.stack.checks import check_redis, without_password
from headway.stack.errors import StackError
from headway.store import Store

_TIMEOUT_S = 3.0
#: Above this share of its memory limit a Redis counts as nearly full.
_NEARLY_FULL = 0.9

Info = dict[str, Any]


def redis_findings(settings: Settings) -> Iterator[Finding]:
    """Look at the Redis that the settings name, one thing after another."""
    url = settings.redis_url.get_secret_value()
    named = "redis_url" in settings.model_fields_set
    try:
        check_redis(url, "REDIS_URL")
    except StackError as error:
        yield _unusable(str(error), named)
        return
    try:
        with Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        ) as redis:
            yield from _look(redis, without_password(url))
    except (RedisError, OSError) as error:
        yield _unusable(f"REDIS_URL: Redis stopped answering ({error})", named)


def worker_names(settings: Settings) -> set[str]:
    """Names of the workers that Redis heard of in the last minute.

    Raises:
        RedisUnavailable: it does not answer.
    """
    with closing(Store(settings)) as store:
        return {worker.name for worker in store.run(workers.details(store.run(workers.names())))}


def _unusable(sentence: str, named: bool) -> Finding:
    if named:
        return bad("Redis", sentence, "start it, or set REDIS_URL to where it is")
    advice = "no REDIS_URL is set; workers and the API need it: `make run` writes its own to .headway/env"
    return warn("Redis", sentence, f"{advice}, read it with `. .headway/env`")


def _look(redis: "Redis", where: str) -> Iterator[Finding]:
    asked_s = time.time()
    seconds, microseconds = redis.time()
    answered_s = time.time()
    try:
        info: Info = redis.info()
    except ResponseError as error:
        yield ok("Redis", f"answers at {where}")
        yield warn(
            "Redis", f"INFO is refused ({error})", "allow it to this user, to have memory and persistence looked at"
        )
    else:
        took_ms = (answered_s - asked_s) * 1000
        yield ok("Redis", f"{_version(info)} answers in {took_ms:.1f} ms at {where}")
        yield _role(info)
        yield _memory(info)
        yield _persistence(info)
    yield clock("Redis", seconds + microseconds / 1e6, asked_s, answered_s, step_s=0.0)


def _version(info: Info) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', 'of unknown version')}"


def _role(info: Info) -> Finding:
    if info.get("cluster_enabled"):
        return bad("role", "it is a node of a cluster", "headway needs one primary; a cluster is not supported")
    if info.get("role", "master") != "master":
        return bad("role", "it is a replica, which takes no writes", "set REDIS_URL to the primary")
    return ok("role", "primary")


def _memory(info: Info) -> Finding:
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    policy = info.get("maxmemory_policy", "noeviction")
    said = f"{_megabytes(used)} used, {f'limit {_megabytes(limit)}' if limit else 'no limit'}, policy {policy}"
    if policy != "noeviction" and limit:
        return bad("memory", said, "Redis will throw away jobs when it is full: CONFIG SET maxmemory-policy noeviction")
    if policy != "noeviction":
        return warn("memory", said, "with a limit Redis would throw away jobs: CONFIG SET maxmemory-policy noeviction")
    if limit and used > limit * _NEARLY_FULL:
        return warn(
            "memory", said, "nearly full, then every write is refused: raise maxmemory, or lower HEADWAY_KEEP_S"
        )
    return ok("memory", said)


def _persistence(info: Info) -> Finding:
    for part in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"):
        if info.get(part, "ok") != "ok":
            return bad("persistence", f"{part} is {info[part]}", "look into Redis' log; a full disk is the usual cause")
    if info.get("aof_enabled"):
        return ok("persistence", "append-only file")
    return warn(
        "persistence",
        "no append-only file: a crash loses the latest, or all",
        "CONFIG SET appendonly yes, and the same in its configuration file",
    )


def _megabytes(size: int) -> str:
    return f"{number(round(size / 1e6, 1))} MB"
