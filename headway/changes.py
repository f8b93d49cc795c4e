"""Changes of jobs' status, each told once to everybody who asks under a name."""

import logging
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from headway import keys
from headway.errors import BadInput, Unreadable
from headway.patience import AWAY_PAUSE_S
from headway.settings import Settings, get_settings
from headway.snapshot import Snapshot
from headway.status import Status
from headway.store.connect import away, connect
from headway.store.stored import Adoption, own, resolve

logger = logging.getLogger("headway.transitions")
T = TypeVar("T")

#: How long one may take with a transition before it is taken for lost and given to another, in seconds.
CLAIM_S = 60.0
_WAIT_S = 1.0
# A process that asked for nothing for so long is gone, in milliseconds.
_GONE_MS = 3_600_000
_PREFIX = "transitions:"


@dataclass(frozen=True, slots=True)
class Transition:
    """A job that came to another status.

    `was` is the status before; None for a job that is new. `snapshot` is the job as the change left it. `id` is the
    same whenever this transition is yielded, and no other one's.
    """

    id: str
    was: Status | None
    snapshot: Snapshot

    @property
    def job_id(self) -> str:
        """Whose it is."""
        return self.snapshot.job_id

    @property
    def status(self) -> Status:
        """What it came to."""
        return self.snapshot.status


class Transitions:
    """Iterates over transitions; see `transitions`. For one thread."""

    def __init__(self, consumer: str, settings: Settings, timeout_s: float | None, claim_s: float) -> None:
        self._group = _PREFIX + consumer
        self._name = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid4().hex[:8]}"
        self._timeout_s = timeout_s
        self._claim_s = claim_s
        self._redis: Any = connect(settings)
        # A read that redis-py repeated by itself would leave behind what the first one took.
        self._redis.set_retry(Retry(NoBackoff(), 0))
        self._given: str | None = None
        self._to_look_back = False
        self._claimed_s = -math.inf
        self._asked(lambda: self._join("$"))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Transition:
        start_s = time.monotonic()
        while True:
            self._acknowledge()
            left_s = _WAIT_S if self._timeout_s is None else self._timeout_s - (time.monotonic() - start_s)
            # Looked at once more after the last wait, so that a timeout of 0 takes all that is there.
            found = self._asked(partial(self._take, min(left_s, _WAIT_S)))
            if found is None:
                if self._timeout_s is not None and left_s <= 0:
                    raise StopIteration
                continue
            entry_id, fields = found
            self._given = entry_id
            try:
                return _transition(entry_id, fields)
            except (Unreadable, ValueError, KeyError) as error:
                logger.warning("a transition is left out: %s", error)

    def close(self) -> None:
        """Hand back the one that was yielded last, unless the next was asked for, and close the connection."""
        try:
            if self._given is not None:
                # As if it had been held for long: whoever asks next may have it.
                self._redis.xclaim(
                    keys.TRANSITIONS, self._group, self._name, 0, [self._given], idle=_GONE_MS, justid=True
                )
            elif not self._to_look_back:
                self._redis.xgroup_delconsumer(keys.TRANSITIONS, self._group, self._name)
        except (RedisError, OSError) as error:
            logger.info("the transition that was not done with comes back later: %s", error)
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _acknowledge(self) -> None:
        if self._given is not None:
            self._asked(lambda: self._redis.xack(keys.TRANSITIONS, self._group, self._given))
            self._given = None

    def _take(self, wait_s: float) -> tuple[str, dict[bytes, bytes]] | None:
        """The next entry: one whose answer was lost, one that another has held for too long, or a new one."""
        if self._to_look_back:
            if found := self._read("0", None):
                return found
            self._to_look_back = False
        if time.monotonic() - self._claimed_s >= self._claim_s / 2:
            if found := self._claim():
                return found
            self._claimed_s = time.monotonic()
        return self._read(">", max(1, int(wait_s * 1000)))

    def _read(self, after: str, block_ms: int | None) -> tuple[str, dict[bytes, bytes]] | None:
        taken = self._redis.xreadgroup(self._group, self._name, {keys.TRANSITIONS: after}, count=1, block=block_ms)
        if isinstance(taken, dict):
            # Redis' newer protocol has one more list around them.
            taken = [(stream, several) for stream, lists in taken.items() for several in lists]
        return _first(taken[0][1] if taken else [])

    def _claim(self) -> tuple[str, dict[bytes, bytes]] | None:
        idle_ms = int(self._claim_s * 1000)
        claimed = self._redis.xautoclaim(keys.TRANSITIONS, self._group, self._name, idle_ms, "0-0", count=1)
        return _first(claimed[1])

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask Redis, waiting for it where it is away."""
        said = False
        while True:
            try:
                return ask()
            except (RedisError, OSError) as error:
                if isinstance(error, ResponseError) and str(error).startswith("NOGROUP"):
                    # A Redis that came back empty: all that it has is new.
                    self._join("0")
                    continue
                if away(error) is None:
                    raise
                if not said:
                    logger.warning("Redis does not answer, it is waited for: %s", error)
                said = self._to_look_back = True
                time.sleep(AWAY_PAUSE_S)

    def _join(self, start: str) -> None:
        try:
            self._redis.xgroup_create(keys.TRANSITIONS, self._group, id=start, mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
            for one in self._redis.xinfo_consumers(keys.TRANSITIONS, self._group):
                if one["pending"] == 0 and one["idle"] > _GONE_MS:
                    self._redis.xgroup_delconsumer(keys.TRANSITIONS, self._group, one["name"])


def transitions(
    consumer: str, *, timeout_s: float | None = None, claim_s: float = CLAIM_S, settings: Settings | None = None
) -> Transitions:
    """Iterate over changes of jobs' status, each once for all processes that ask under the same name.

    To ask for the next one says that the one before is done with. What a process was given and not done with when it
    ended is yielded again, to it or to another one. Under a new name it begins now; under a known one, where that left
    off, as far back as the latest 20,000 changes. While Redis is away it is waited for.

    Args:
        consumer: 1 to 64 letters, digits, `_` and `-`.
        timeout_s: end when nothing has come for so long, in seconds; 0 takes what is there, None never ends.
        claim_s: after how long another process is given what one does not get done with; longer than your slowest step.
        settings: where Redis is; None takes `REDIS_URL` and the other settings of the environment.

    Raises:
        BadInput: the name has other characters, or a time is out of range.
    """
    if not keys.is_job_id(consumer):
        raise BadInput(f"consumer={consumer!r}: use 1 to 64 letters, digits, '_' or '-'")
    if timeout_s is not None and not timeout_s >= 0:
        raise BadInput(f"timeout_s={timeout_s!r}: give a number of seconds from 0, or None to go on for ever")
    if not claim_s > 0:
        raise BadInput(f"claim_s={claim_s!r}: give a number of seconds above 0")
    return Transitions(consumer, settings or get_settings(), timeout_s, claim_s)


def _first(entries: list[Any]) -> tuple[str, dict[bytes, bytes]] | None:
    # What was trimmed in the meantime comes as nothing, or without fields.
    for one in entries:
        if one is not None and one[0] is not None:
            return one[0].decode(), one[1] or {}
    return None


def _transition(entry_id: str, fields: dict[bytes, bytes]) -> Transition:
    job_id, raw = fields.get(b"job", b"").decode(errors="replace"), fields.get(b"snapshot", b"")
    if fields.get(b"adopted") == b"1":
        stored = resolve(job_id, Adoption("adopted", int(fields[b"seq"]), int(fields[b"attempt"]), raw))
    else:
        stored = own(job_id, raw)
    if stored is None:
        raise Unreadable(job_id, "its change has no snapshot")
    was = fields.get(b"was", b"").decode()
    return Transition(entry_id, Status(was) if was in [status.value for status in Status] else None, stored.snapshot)
