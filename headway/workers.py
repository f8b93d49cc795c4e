"""What workers say about themselves: who is there, and which tasks are known."""

import logging
from functools import lru_cache, partial
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from headway import keys
from headway.clock import format_utc
from headway.snapshot import WireModel
from headway.store.calls import Call
from headway.tasks import TaskInfo

logger = logging.getLogger("headway.workers")
M = TypeVar("M", bound=WireModel)

#: Seconds of silence after which a worker no longer counts as alive.
SILENCE_S = 12
#: Seconds of silence after which nothing speaks of a worker any more.
FORGET_S = 60
#: Seconds for which a task stays known after its last worker was heard of.
TASK_KEPT_S = 7 * 86_400


class WorkerInfo(WireModel):
    """One worker process, as of its last heartbeat."""

    name: str
    host: str = ""
    pid: int = 0
    queues: list[str] = Field(default_factory=list)
    tasks: list[str] = Field(default_factory=list)
    version: str = Field(default="", description="headway's version on the worker.")
    started_at: str | None = None
    heartbeat_at: str | None = None
    age_s: float | None = Field(default=None, description="Seconds since the last heartbeat, by Redis' clock.")
    job_id: str | None = Field(default=None, description="The job it runs now.")

    @property
    def alive(self) -> bool:
        """Whether it was heard of within `SILENCE_S`."""
        return self.age_s is not None and self.age_s < SILENCE_S

    def serves(self, task: str, queue: str) -> bool:
        """Whether jobs of this task in this queue reach the worker now."""
        return self.alive and task in self.tasks and queue in self.queues


def announce(info: WorkerInfo, tasks: list[TaskInfo], now_s: float) -> Call[None]:
    """Say that a worker is there and what it can run; said again with every heartbeat."""
    commands: list[tuple[Any, ...]] = [
        ("SET", keys.worker(info.name), info.model_dump_json(), "EX", FORGET_S),
        ("ZADD", keys.WORKERS, now_s, info.name),
        ("ZREMRANGEBYSCORE", keys.WORKERS, "-inf", now_s - TASK_KEPT_S),
    ]
    if tasks:
        announced = [part for task in tasks for part in (task.name, task.model_dump_json())]
        seen = [part for task in tasks for part in (now_s, task.name)]
        commands += [("HSET", keys.TASKS, *announced), ("ZADD", keys.TASKS_SEEN, *seen)]
    return Call(_nothing, commands=tuple(commands))


def long_gone(now_s: float) -> Call[list[str]]:
    """Names of tasks whose last worker was heard of more than seven days ago."""
    return Call(_names, commands=(("ZRANGEBYSCORE", keys.TASKS_SEEN, "-inf", now_s - TASK_KEPT_S),))


def forget(tasks: list[str]) -> Call[None]:
    """Drop tasks from the catalogue."""
    return Call(_nothing, commands=(("HDEL", keys.TASKS, *tasks), ("ZREM", keys.TASKS_SEEN, *tasks)))


def withdraw(name: str) -> Call[None]:
    """Say that a worker has ended."""
    return Call(_nothing, commands=(("DEL", keys.worker(name)), ("ZREM", keys.WORKERS, name)))


def names() -> Call[list[str]]:
    """Names of the workers that may still be there."""
    return Call(_names, commands=(("ZRANGE", keys.WORKERS, 0, -1),))


def details(of: list[str]) -> Call[list[WorkerInfo]]:
    """What these workers last said, without those that were silent for `FORGET_S` or said what cannot be read."""
    # MGET answers nil for a key of another type, where GET would refuse them all.
    commands = tuple(part for name in of for part in (("MGET", keys.worker(name)), ("PTTL", keys.worker(name))))
    return Call(partial(_details, of), commands=commands)


def catalogue() -> Call[list[TaskInfo]]:
    """Every task announced in the last seven days, by name, without entries that cannot be read."""
    commands = (("TIME",), ("HGETALL", keys.TASKS), ("ZRANGE", keys.TASKS_SEEN, 0, -1, "WITHSCORES"))
    return Call(_catalogue, commands=commands)


def _nothing(raw: list[Any]) -> None:
    return None


def _names(raw: list[Any]) -> list[str]:
    # No worker and no task has a name that is not UTF-8; somebody else's entry must not hide theirs.
    return [name.decode(errors="replace") for name in raw[0]]


def _details(of: list[str], raw: list[Any]) -> list[WorkerInfo]:
    found: list[WorkerInfo] = []
    for name, (said,), left_ms in zip(of, raw[::2], raw[1::2], strict=True):
        info = None if said is None else _read(WorkerInfo, keys.worker(name), said)
        if info is not None:
            found.append(info.model_copy(update={"age_s": max(0.0, FORGET_S - left_ms / 1000)}))
    return found


def _catalogue(raw: list[Any]) -> list[TaskInfo]:
    now, announced, seen = raw
    oldest_s = float(now[0]) - TASK_KEPT_S
    known = {name: float(seen_s) for name, seen_s in seen if float(seen_s) >= oldest_s}
    found: list[TaskInfo] = []
    for name, seen_s in sorted(known.items()):
        said = announced.get(name)
        info = None if said is None else _read(TaskInfo, f"{keys.TASKS} {name.decode(errors='replace')}", said)
        if info is not None:
            found.append(info.model_copy(update={"last_seen": format_utc(seen_s)}))
    return found


def _read(model: type[M], where: str, said: bytes) -> M | None:
    """What was said, or None if it is not what a worker says."""
    try:
        return model.model_validate_json(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _say_left_out(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": "))
        return None


# Cached so that the same entry is not said again with every request that meets it.
@lru_cache(maxsize=256)
def _say_left_out(where: str, why: str) -> None:
    logger.warning("%s is left out, it cannot be read: %s", where[:200], why[:300])
