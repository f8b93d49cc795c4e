"""Pages of jobs, newest first."""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from headway.errors import BadInput
from headway.snapshot import Snapshot
from headway.status import Status
from headway.store.aio import AsyncStore
from headway.store.stored import Stored

#: Most ids that one page looks at; with rare matches a page may be short and still have a next one.
SCAN_MAX = 1_000
_CHUNK = 100
_CURSOR = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{1,64})")

Place = tuple[float, str]
_NEWEST: Place = (math.inf, "")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs to list; empty and None stand for all. A lesson writer's job has no task, queue or owner."""

    statuses: frozenset[Status] = frozenset()
    task: str | None = None
    queue: str | None = None
    owner: str | None = None

    def match(self, snapshot: Snapshot) -> bool:
        """Whether a job is wanted."""
        return (
            (not self.statuses or snapshot.status in self.statuses)
            and self.task in {None, snapshot.task}
            and self.queue in {None, snapshot.queue}
            and self.owner in {None, snapshot.owner}
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, newest first, and the cursor of the following page; None on the last."""

    jobs: list[Stored]
    next_cursor: str | None


async def page(
    store: AsyncStore, filters: Filters, *, cursor: str | None, limit: int, visible: Callable[[Stored], bool]
) -> Page:
    """The jobs after `cursor` that `filters` want and `visible` lets through, at most `limit`.

    Raises:
        BadInput: the cursor is not one that an earlier page gave.
        RedisUnavailable: Redis did not answer.
    """
    place = _NEWEST if cursor is None else _place(cursor)
    found: list[tuple[Place, Stored]] = []
    scanned = 0
    while scanned < SCAN_MAX:
        places = await _below(store, filters.owner, place)
        if not places:
            return Page([stored for _, stored in found], None)
        readable = await _read(store, [job_id for _, job_id in places], filters.owner)
        for place in places:
            stored, snapshot = readable.get(place[1], (None, None))
            if stored is None or snapshot is None or not visible(stored) or not filters.match(snapshot):
                continue
            if len(found) == limit:
                return Page([stored for _, stored in found], _cursor(found[-1][0]))
            found.append((place, stored))
        scanned += len(places)
    return Page([stored for _, stored in found], _cursor(place))


async def _below(store: AsyncStore, owner: str | None, place: Place) -> list[Place]:
    """The next places after `place`; jobs created in the same millisecond are in descending order of their ids."""
    offset = 0
    while True:
        chunk = await store.run(store.calls.page(owner, place[0], offset, _CHUNK))
        places = [(ms, job_id) for job_id, ms in chunk if (ms, job_id) < place]
        if places or not chunk:
            return places
        offset += len(chunk)


async def _read(store: AsyncStore, job_ids: list[str], owner: str | None) -> dict[str, tuple[Stored, Snapshot]]:
    """Read these jobs' snapshots, leaving out those that cannot be read and forgetting those that have expired."""
    read = dict(zip(job_ids, await store.read_many(job_ids), strict=True))
    missing = [job_id for job_id, stored in read.items() if stored is None]
    if missing:
        raws = await store.run(store.calls.get_many(missing))
        expired = [job_id for job_id, raw in zip(missing, raws, strict=True) if raw is None]
        if expired:
            await store.run(store.calls.forget(expired, owner))
    readable: dict[str, tuple[Stored, Snapshot]] = {}
    for job_id, stored in read.items():
        if stored is not None:
            with suppress(ValidationError):
                readable[job_id] = (stored, stored.snapshot)
    return readable


def _cursor(place: Place) -> str:
    return f"{int(place[0])}.{place[1]}"


def _place(cursor: str) -> Place:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadInput("cursor: give back the `next` of an earlier page as it was")
    return float(found[1]), found[2]
