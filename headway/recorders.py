"""Which recorders there are, as they say of themselves."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headway import keys
from headway.store.calls import Call

#: How long a recorder that says nothing more is listed, in seconds.
KEEP_S = 30
_MAX = 100


class RecorderInfo(BaseModel):
    """What a recorder says of itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    started_at: str
    said_at: str
    waiting: str | None = Field(default=None, description="Why it cannot write now; null while it can.")
    recorded: int = Field(default=0, description="Entries that it has written since it started.")
    left_out: int = Field(default=0, description="Entries that nobody can read, since it started.")
    dropped: int = Field(
        default=0, description="Events that left the stream before any recorder wrote them, since history began."
    )
    recorded_to: str | None = Field(default=None, description="When the latest of what it has written happened.")


def state(infos: list[RecorderInfo]) -> Literal["recording", "waiting", "none"]:
    """Whether history is kept: by one of these, by none since the database is away, or by none since there is none."""
    if any(info.waiting is None for info in infos):
        return "recording"
    return "waiting" if infos else "none"


def announce(info: RecorderInfo, now_s: float) -> Call[None]:
    """Say how a recorder is."""
    return Call(
        _nothing,
        commands=(
            ("SET", keys.recorder(info.name), info.model_dump_json(), "EX", KEEP_S),
            ("ZADD", keys.RECORDERS, now_s, info.name),
            ("ZREMRANGEBYSCORE", keys.RECORDERS, "-inf", now_s - KEEP_S),
        ),
    )


def withdraw(name: str) -> Call[None]:
    """Say that a recorder has ended."""
    return Call(_nothing, commands=(("DEL", keys.recorder(name)), ("ZREM", keys.RECORDERS, name)))


def names() -> Call[list[str]]:
    """The recorders that said something lately, newest first."""
    return Call(_names, commands=(("ZREVRANGE", keys.RECORDERS, 0, _MAX - 1),))


def infos(names: list[str]) -> Call[list[RecorderInfo]]:
    """What these say of themselves; those that have ended are left out. `names` must not be empty."""
    return Call(_infos, commands=(("MGET", *(keys.recorder(name) for name in names)),))


def _nothing(raw: list[Any]) -> None:
    return None


def _names(raw: list[Any]) -> list[str]:
    return [name.decode(errors="replace") for name in raw[0]]


def _infos(raw: list[Any]) -> list[RecorderInfo]:
    found = []
    for one in raw[0]:
        try:
            found += [RecorderInfo.model_validate(json.loads(one))] if one is not None else []
        except (ValueError, ValidationError):
            continue
    return found
