"""What is going on now, in one answer."""

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress

from fastapi import APIRouter, Response
from pydantic import ValidationError

from api import catalogue, examples, problems
from api.auth import allow
from api.deps import Observer, StoreDep
from api.facts import poll_after_s
from headway import listing
from headway.clock import parse_utc
from headway.keys import is_job_id
from headway.overview import Overview, active_ids, first_waiting, overview
from headway.snapshot import Snapshot
from headway.store import Stored

router = APIRouter(tags=["workers"])

_NEWEST = 50
_IDLE_S = (3.0, 5.0)


@router.get(
    "/overview",
    operation_id="get_overview",
    summary="What is going on now",
    responses={
        200: {
            "headers": {
                "Headway-Poll-After": {
                    "description": "Seconds until it is worth asking again.",
                    "schema": {"type": "number"},
                }
            },
            **examples.one(examples.OVERVIEW),
        },
        **problems.documented(*problems.EVERYWHERE, *problems.STORED),
    },
)
async def get_overview(response: Response, store: StoreDep, principal: Observer) -> Overview:
    """The jobs under way, the queues, the workers, and what needs a look."""
    (waiting, queued), active, workers, newest = await asyncio.gather(
        store.run(first_waiting()),
        store.run(active_ids()),
        catalogue.live_workers(store),
        listing.scan(
            store,
            listing.Filters(),
            listing.place_of(None),
            limit=_NEWEST,
            visible=lambda stored: allow(principal, "read", stored),
        ),
    )
    jobs = _by_id(stored for _, stored in newest.found)
    others = [job_id for job_id in dict.fromkeys([*active, *queued]) if job_id not in jobs and is_job_id(job_id)]
    read = [stored for stored in await store.read_many(others) if stored is not None]
    jobs |= _by_id(stored for stored in read if allow(principal, "read", stored))
    response.headers["Headway-Poll-After"] = f"{_poll_after_s(jobs.values()):g}"
    response.headers["Cache-Control"] = "private, no-cache"
    return overview(jobs.values(), waiting, workers)


def _by_id(found: Iterable[Stored]) -> dict[str, Snapshot]:
    """Those that can be read, by job id."""
    jobs = {}
    for stored in found:
        with suppress(ValidationError):
            snapshot = stored.snapshot
            jobs[snapshot.job_id] = snapshot
    return jobs


def _poll_after_s(jobs: Iterable[Snapshot]) -> float:
    """The lesson's cadence: quickly while any job changes, else calmly."""
    now_s = time.time()
    idle_s = round(random.uniform(*_IDLE_S), 2)
    return min((poll_after_s(_changed_at_s(job), now_s) for job in jobs if not job.status.terminal), default=idle_s)


def _changed_at_s(job: Snapshot) -> float | None:
    with suppress(ValueError):
        return parse_utc(job.updated_at)
    return None
