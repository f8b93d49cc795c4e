"""Finding one job for one principal."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from api.auth import Action, Principal, allow
from api.deps import Services
from api.facts import etag_matches
from api.feed import GoingAway
from api.topic import Latest
from headway.errors import JobNotFound
from headway.keys import check_job_id, is_job_id
from headway.store import AsyncStore, Stored
from headway.submit import is_repeat


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client has: a seq, and maybe the tags of what it keeps (`If-None-Match`)."""

    after: int
    tags: str | None

    def changed(self, latest: Latest) -> bool:
        """Whether this is another body than the client's, under whatever seq."""
        return self.tags is not None and not etag_matches(self.tags, latest.etag)


async def find_job(store: AsyncStore, principal: Principal, job_id: str, action: Action = "read") -> Stored:
    """The snapshot in Redis of a job that `principal` may do this to.

    Raises:
        InvalidJobId: no job can have this id.
        JobNotFound: there is none, or not for this principal.
        Unreadable: what is stored is no snapshot.
    """
    return _allowed(await store.read(check_job_id(job_id)), principal, job_id, action)


async def find_kept(services: Services, principal: Principal, job_id: str) -> Stored:
    """The snapshot of a job in Redis, or in history if it is over and has left Redis.

    Raises:
        HistoryUnavailable: Redis does not know it, and history does not answer.
        HeadwayError: what `find_job` lists.
    """
    stored = await services.store.read(check_job_id(job_id))
    if stored is None:
        expired = await services.expired.find(job_id)
        stored = None if expired is None else expired.stored
    return _allowed(stored, principal, job_id, "read")


async def find_recorded(services: Services, principal: Principal, job_id: str) -> Stored:
    """As `find_kept`, and one too that was not over when Redis lost it."""
    stored = await services.store.read(check_job_id(job_id))
    if stored is None:
        expired = await services.expired.find(job_id, unfinished=True)
        stored = None if expired is None else expired.stored
    return _allowed(stored, principal, job_id, "read")


async def find_latest(services: Services, principal: Principal, job_id: str) -> Latest:
    """The latest of a job, from memory if that is as good as Redis; errors as `find_kept`."""
    latest = services.hub.fresh(job_id)
    if latest is None:
        return Latest(await find_kept(services, principal, job_id))
    _allowed(latest.stored, principal, job_id, "read")
    return latest


async def find_many(services: Services, principal: Principal, job_ids: Sequence[str]) -> dict[str, Latest]:
    """The latest of those jobs that `principal` may see, in the order given; the others are left out.

    Raises:
        RedisUnavailable: Redis did not answer.
        HistoryUnavailable: Redis does not know some of them, and history does not answer.
    """
    fresh = {job_id: services.hub.fresh(job_id) for job_id in job_ids}
    others = [job_id for job_id, latest in fresh.items() if latest is None and is_job_id(job_id)]
    read = zip(others, await services.store.read_many(others), strict=True)
    known = fresh | {job_id: Latest(stored) for job_id, stored in read if stored is not None}
    known |= await services.expired.find_many([job_id for job_id in others if known[job_id] is None])
    return {
        job_id: latest
        for job_id, latest in known.items()
        if latest is not None and allow(principal, "read", latest.stored)
    }


async def find_newer(services: Services, principal: Principal, job_id: str, seen: Seen, wait_s: float) -> Latest:
    """Wait so many seconds for what the client has not seen, then give what there is; errors as `find_job`.

    A smaller seq than the one seen is waited out too: the message of a newer snapshot may still be on its way here.
    """
    async with services.hub.watch(check_job_id(job_id)) as feed:
        latest = feed.latest
        if latest is None:
            return await find_latest(services, principal, job_id)
        _allowed(latest.stored, principal, job_id, "read")
        if latest.terminal or (latest.seq == seen.after and seen.changed(latest)):
            return latest
        with suppress(TimeoutError, GoingAway):
            async with asyncio.timeout(wait_s):
                return await feed.newer(seen.after)
        latest = feed.latest
        if latest is None:
            raise feed.why_none()
    # That nothing has changed is not said of a lesson writer's on the strength of the last look at it.
    return await find_latest(services, principal, job_id) if latest.stored.adopted else latest


async def may_submit(services: Services, principal: Principal, idempotency_key: str | None = None) -> None:
    """Let pass whoever has not submitted too much, while there is room for a job, and whoever repeats a submit.

    Raises:
        TooMany: neither is so.
        BadInput: nobody can have this idempotency key.
    """
    async with services.audit.refusals(principal, "submit"):
        if idempotency_key is not None and await services.store.run(is_repeat(principal.submits_as, idempotency_key)):
            return
        await services.limits.submit(principal)
        await services.limits.room()


def _allowed(stored: Stored | None, principal: Principal, job_id: str, action: Action) -> Stored:
    if stored is None or not allow(principal, action, stored):
        raise JobNotFound(job_id)
    return stored
