"""Where waiting jobs stand in their queues, and how long they may have to wait."""

import time
from collections import deque
from collections.abc import Callable

from headway import body, keys
from headway.engines.base import attempts_of
from headway.snapshot import Snapshot
from headway.status import Status
from headway.store import Store
from headway.store.calls import Call
from headway.store.stored import is_own, own

#: How many of each queue are told their place.
PLACES = 100
#: The shortest time between two writes of a job's place, in seconds.
EVERY_S = 5.0
_WINDOW_S = 600.0
# An expected wait that changed by less is not written anew.
_CHANGE = 0.1


class Drain:
    """How fast a queue's entries are taken, over the last ten minutes in which some were seen waiting."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_s = 0.0
        self._before: set[str] = set()
        self._busy_s = 0.0
        self._taken: deque[tuple[float, int]] = deque([(0.0, 0)])

    def look(self, waiting: list[str]) -> float | None:
        """Take what waits now, and return how many were taken per second; None while none was."""
        now_s, here = self._clock(), set(waiting)
        if self._before:
            self._busy_s += now_s - self._looked_s
            self._taken.append((self._busy_s, len(self._before - here)))
        self._looked_s, self._before = now_s, here
        while self._busy_s - self._taken[0][0] > _WINDOW_S:
            self._taken.popleft()
        since_s = self._taken[0][0]
        total = sum(count for at_s, count in self._taken if at_s > since_s)
        return total / (self._busy_s - since_s) if total else None


class Positions:
    """Writes place and expected wait of the first `PLACES` of each queue; several monitors take turns."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._drains: dict[str, Drain] = {}
        self._told: set[str] = set()

    def look(self, queues: dict[str, list[str]]) -> None:
        """Take what waits in each queue, as the engine says it, and tell the first ones.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        rates = {queue: self._drains.setdefault(queue, Drain(self._clock)).look(ids) for queue, ids in queues.items()}
        self._drains = {queue: drain for queue, drain in self._drains.items() if queue in queues}
        turn = ("SET", keys.POSITIONS_TURN, "1", "NX", "PX", int(EVERY_S * 900))
        if not self._store.run(Call(_taken, commands=(turn,))):
            return
        places: dict[str, tuple[int, int, float | None]] = {}
        for queue, ids in queues.items():
            for position, waiting in enumerate(ids[:PLACES]):
                wait_s = _wait_s(position, rates[queue])
                places |= {job_id: (attempt, position, wait_s) for job_id, attempt in attempts_of(waiting)}
        told = list(places.keys() | self._told)
        self._told = set(places)
        raws = self._store.run(self._store.calls.get_many(told)) if told else []
        for job_id, raw in zip(told, raws, strict=True):
            if raw is not None and is_own(raw):
                self._tell(job_id, raw, places.get(job_id))

    def _tell(self, job_id: str, raw: bytes, place: tuple[int, int, float | None] | None) -> None:
        stored = own(job_id, raw)
        before = stored.snapshot
        if before.status is not Status.QUEUED:
            return
        # Another attempt's entry says nothing of this one.
        _, position, wait_s = place if place is not None and place[0] == before.attempt else (0, None, None)
        if not _differs(before, position, wait_s):
            return
        members = body.decode(raw) | {"position": position, "wait_s": wait_s}
        request = f"position:{stored.seq}:{position}:{wait_s}"
        # Refused if anybody wrote meanwhile: there will be another time.
        self._store.run(self._store.calls.change(job_id, stored.seq, members, request=request))


def _wait_s(position: int, rate: float | None) -> float | None:
    return None if rate is None else round((position + 1) / rate, 1)


def _differs(before: Snapshot, position: int | None, wait_s: float | None) -> bool:
    if before.position != position or (before.wait_s is None) != (wait_s is None):
        return True
    if wait_s is None or before.wait_s is None:
        return False
    return abs(wait_s - before.wait_s) > max(1.0, _CHANGE * before.wait_s)


def _taken(raw: list[object]) -> bool:
    return raw[0] is not None
