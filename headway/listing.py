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
    #: Text in the id, the task or the message, upper and lower case alike.
    search: str | None = None

    def match(self, snapshot: Snapshot) -> bool:
        """Whether a job is wanted."""
        return (
            (not self.statuses or snapshot.status in self.statuses)
            and self.task in {None, snapshot.task}
            and self.queue in {None, snapshot.queue}
            and self.owner in {None, snapshot.owner}
            and self._found_in(snapshot)
        )

    def _found_in(self, snapshot: Snapshot) -> bool:
        if self.search is None:
            return True
        text = self.search.lower()
        return any(text in (word or "").lower() for word in (snapshot.job_id, snapshot.task, snapshot.message))


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, newest first, and the cursor of the following page; None on the last."""

    jobs: list[Stored]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """What Redis has of a page: the matches, all jobs looked at, and the place down to which; None for all."""

    found: list[tuple[Place, Stored]]
    seen: frozenset[str]
    down_to: Place | None


def place_of(cursor: str | None) -> Place:
    """Where a page begins.

    Raises:
        BadInput: the cursor is not one that an earlier page gave.
    """
    return _NEWEST if cursor is None else _place(cursor)


async def scan(
    store: AsyncStore,
    filters: Filters,
    place: Place,
    *,
    limit: int,
    visible: Callable[[Stored], bool],
    scan_max: int = SCAN_MAX,
) -> Scan:
    """Look through the jobs in Redis after `place`, until `limit` are found that `filters` want, or `scan_max` seen.

    Raises:
        RedisUnavailable: Redis did not answer.
    """
    found: list[tuple[Place, Stored]] = []
    seen: set[str] = set()
    looked_at = 0
    while looked_at < scan_max:
        places = await _below(store, filters.owner, place)
        if not places:
            return Scan(found, frozenset(seen), None)
        readable = await _read(store, [job_id for _, job_id in places], filters.owner)
        for place in places:
            stored, snapshot = readable.get(place[1], (None, None))
            if stored is None or snapshot is None:
                continue
            seen.add(place[1])
            if visible(stored) and filters.match(snapshot):
                found.append((place, stored))
                if len(found) == limit:
                    return Scan(found, frozenset(seen), place)
        looked_at += len(places)
    return Scan(found, frozenset(seen), place)


async def read_wanted(
    store: AsyncStore, job_ids: list[str], filters: Filters, visible: Callable[[Stored], bool]
) -> dict[str, Stored]:
    """Those of these jobs in Redis that `filters` want and `visible` lets through."""
    readable = await _read(store, job_ids, filters.owner)
    return {
        job_id: stored for job_id, (stored, snapshot) in readable.items() if visible(stored) and filters.match(snapshot)
    }


def page_of(found: list[tuple[Place, Stored]], down_to: Place | None, limit: int) -> Page:
    """The page that is made of these, newest first, if there are no others down to a place; None for the end."""
    if len(found) > limit:
        return Page([stored for _, stored in found[:limit]], _cursor(found[limit - 1][0]))
    return Page([stored for _, stored in found], None if down_to is None else _cursor(down_to))


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
