"""The true latest state reaches every screen, in order, whatever goes away meanwhile.

The plan of a round (who joins when and how, what is written when, what breaks when) comes from its seed, which is in
the test's name. `make test` runs a short round of a known seed, `make chaos` longer ones of new seeds. A round that
failed is planned again by CHAOS_SEED and CHAOS_DURATION_S; what the scheduler makes of the plan differs a little.
"""

import asyncio
import json
import os
import random
import secrets

import httpx2
import pytest

from headway import keys
from tests.chaos.clients import TRANSPORTS, Network
from tests.chaos.faults import Servers, carry_out, make_plan
from tests.chaos.ledger import Ledger, View
from tests.chaos.writers import Job, Writer, make_jobs

JOBS = 50
CLIENTS = 200
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
DURATION_S = float(os.environ.get("CHAOS_DURATION_S", "7"))
#: How many jobs end last, right after the hubs' connections are cut, so that no message tells of it; no poll makes the
#: hub read these again.
ENDS_UNHEARD = 16
PUSHED = {"socket", "many", "events"}
#: How long after the last write a client may still be behind: shorter than the hub's backstop.
BEHIND_MAX_S = 10.0


def seeds() -> list[int]:
    """The one that was asked for, else a new one each round, else always the same."""
    if "CHAOS_SEED" in os.environ:
        return [int(os.environ["CHAOS_SEED"])]
    return [secrets.randbelow(10**9) for _ in range(ROUNDS)] if "CHAOS_ROUNDS" in os.environ else [15]


def make_views(ledger: Ledger, jobs: list[Job], chance: random.Random) -> list[tuple[str, list[View]]]:
    """The clients: transports in equal parts, each with random jobs."""
    clients = []
    for number in range(CLIENTS):
        transport = list(TRANSPORTS)[number % len(TRANSPORTS)]
        among = jobs if transport in PUSHED else jobs[:-ENDS_UNHEARD]
        followed = chance.sample(among, chance.randint(1, TRANSPORTS[transport][1]))
        clients.append((transport, [View(ledger, f"{transport} {number}", job.id) for job in followed]))
    return clients


async def deliver(servers: Servers, jobs: list[Job], chance: random.Random) -> tuple[Ledger, list[View]]:
    """Write, break and watch at once; returns when every client has seen the end of its jobs, or is too late."""
    ledger = Ledger()
    for job in jobs[-ENDS_UNHEARD:]:
        job.before_end = servers.drop_subscriptions
    writer = Writer(jobs, DURATION_S, chance)
    plan = make_plan(servers, DURATION_S, chance)
    urls = [api.url for api in servers.apis]
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)

    async def join(transport: str, views: list[View], moment: float, network: Network) -> None:
        await asyncio.sleep(moment)
        await TRANSPORTS[transport][0](network, views)

    async with httpx2.AsyncClient(timeout=20, limits=limits) as http:
        clients = [
            (transport, views, chance.uniform(0, DURATION_S), Network(urls, http, random.Random(chance.random())))
            for transport, views in make_views(ledger, jobs, chance)
        ]
        watching = [asyncio.create_task(join(*client)) for client in clients]
        try:
            writer.start()
            breaking = asyncio.create_task(carry_out(plan))
            await asyncio.to_thread(writer.join)
            # An API that is not back yet is no excuse: there is the other one.
            await asyncio.wait(watching, timeout=BEHIND_MAX_S)
            await breaking
        finally:
            for task in watching:
                task.cancel()
            ended = await asyncio.gather(*watching, return_exceptions=True)
    for failure in [writer.failure, *ended]:
        if isinstance(failure, Exception):
            raise failure
    return ledger, [view for _, views, _, _ in clients for view in views]


def true_ends(servers: Servers, jobs: list[Job]) -> dict[str, bytes]:
    """The last snapshot of each job as it is stored, a lesson writer's as it is served, and just as it was written."""
    ends = {}
    with httpx2.Client(timeout=10) as http:
        for job in jobs:
            stored = bytes(servers.redis.get(keys.snapshot(job.id)))
            served = [http.get(f"{api.url}/status/{job.id}").content for api in servers.apis]
            assert served[0] == served[1]
            if job.kind.startswith("own"):
                assert served[0] == stored
            assert job.end.items() <= json.loads(stored).items() <= json.loads(served[0]).items()
            ends[job.id] = served[0]
    return ends


@pytest.mark.slow
@pytest.mark.timeout(60 + 3 * DURATION_S)
@pytest.mark.parametrize("seed", seeds())
def test_every_client_sees_seq_rise_and_ends_on_the_true_last_snapshot(servers: Servers, seed: int) -> None:
    chance = random.Random(seed)
    jobs = make_jobs(servers.redis_server.url, JOBS, chance)
    ledger, views = asyncio.run(deliver(servers, jobs, chance))
    ends = true_ends(servers, jobs)

    kinds = {job.id: job.kind for job in jobs}
    behind = [
        f"{view.who}, {view.job_id} ({kinds[view.job_id]}): ended on seq {view.seq}"
        for view in views
        if view.raw != ends[view.job_id]
    ]
    wrong = [f"to repeat: CHAOS_SEED={seed} CHAOS_DURATION_S={DURATION_S:g} make chaos", *ledger.faults, *behind]
    assert len(wrong) == 1, "\n".join(wrong[:30])
    assert len({view.who for view in views}) == CLIENTS
    assert ledger.counts.keys() == TRANSPORTS.keys()
