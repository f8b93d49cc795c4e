"""Pages of the list of jobs: what Redis has, and from history what has left it."""

import asyncio

from api.auth import Principal, allow
from api.deps import Services
from headway.errors import Unavailable
from headway.history.job_list import JobList
from headway.listing import SCAN_MAX, Filters, Page, Place, page_of, place_of, read_wanted, scan
from headway.store import Stored

# With history behind it Redis need not be looked through for rare matches.
_SCAN_MAX = 200
_WAIT_S = 2.0


async def job_page(
    services: Services, principal: Principal, filters: Filters, *, cursor: str | None, limit: int
) -> Page:
    """The jobs after `cursor` that `filters` want and `principal` may see, at most `limit`, newest first.

    Without history, or while it does not answer, they are those that Redis has.

    Raises:
        BadInput: the cursor is not one that an earlier page gave.
        RedisUnavailable: Redis did not answer.
    """

    def visible(stored: Stored) -> bool:
        return allow(principal, "read", stored)

    place = place_of(cursor)
    live = await scan(services.store, filters, place, limit=limit + 1, visible=visible, scan_max=_SCAN_MAX)
    lowest = None if live.down_to is None else live.down_to[1]
    try:
        past = await services.past.ask(
            lambda database: JobList(database).below(place, filters, limit + 1, lowest), wait_s=_WAIT_S
        )
    except Unavailable:
        if live.down_to is not None and len(live.found) <= limit:
            live = await scan(services.store, filters, place, limit=limit + 1, visible=visible, scan_max=SCAN_MAX)
        return page_of(live.found, live.down_to, limit)
    # A recorder that is behind has not yet told of what lies between.
    ends = [past.down_to] if live.down_to is None or past.holds else [past.down_to, live.down_to]
    down_to = max((end for end in ends if end is not None), default=None)
    others = [(at, stored) for at, stored in past.jobs if at[1] not in live.seen]
    found = live.found + await _now(services, filters, others, principal)
    found = sorted((one for one in found if down_to is None or one[0] >= down_to), key=lambda one: one[0], reverse=True)
    return page_of(found, down_to, limit)


async def _now(
    services: Services, filters: Filters, recorded: list[tuple[Place, Stored]], principal: Principal
) -> list[tuple[Place, Stored]]:
    """The same jobs as they are now: in Redis, or over and gone from it; without those that were deleted."""

    def visible(stored: Stored) -> bool:
        return allow(principal, "read", stored)

    job_ids = [job_id for (_, job_id), _ in recorded]
    present = [stored is not None for stored in await services.store.read_many(job_ids)]
    live = await read_wanted(
        services.store, [job_id for job_id, there in zip(job_ids, present, strict=True) if there], filters, visible
    )
    over = [
        (at, stored)
        for (at, stored), there in zip(recorded, present, strict=True)
        if not there and stored.status.terminal and visible(stored)
    ]
    left = await asyncio.gather(*(services.expired.has_left(job_id) for (_, job_id), _ in over))
    found = [(at, live[at[1]]) for at, _ in recorded if at[1] in live]
    return found + [one for one, gone in zip(over, left, strict=True) if gone]
