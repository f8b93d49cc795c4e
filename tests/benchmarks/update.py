"""What one update costs in Redis: headway's one atomic script against the lesson's SET and PUBLISH."""

import os
from time import perf_counter

from headway import body
from headway.body import Members
from headway.clock import utc_now
from headway.progress import Progress
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, against, at_most
from tests.benchmarks.live_job import Begun, create_job, redis_on_its_own_core
from tests.benchmarks.rounds import Measured, side_by_side

UPDATES = 3_000
CHUNKS = 40


def update(rounds: int) -> list[Figure]:
    """Both sides on a unix socket, Redis on a core of its own, nobody listening."""
    with redis_on_its_own_core() as url:

        def ours() -> Measured:
            return {"update": in_child(atomic_us, redis_url=url)}

        def peer() -> Measured:
            return {"update": in_child(lesson_us, redis_url=url)}

        return [against("update", "us/update", *side_by_side(ours, peer, rounds).of("update"), at_most(0.8))]


def atomic_us(redis_url: str) -> float:
    """Microseconds of one write by a running attempt: fence, seq, snapshot, publish, event and life in one call."""
    begun = create_job(redis_url)
    members = realistic_members(begun)
    store, holder = begun.store, begun.holder
    given = store.run(store.calls.start(holder, 1, members)).or_raise(holder.job_id).seq
    start_s = perf_counter()
    for i in range(UPDATES):
        members["n"], members["percent"], members["fraction"] = i, i * 100 // UPDATES, i / UPDATES
        members["message"] = f"step {i}/{UPDATES}"
        given = store.run(store.calls.write(holder, i + 2, given, members)).seq
    took_s = perf_counter() - start_s
    if given != UPDATES + 2:
        raise RuntimeError(f"{UPDATES} writes took the job to seq {given}")
    store.close()
    return took_s / UPDATES * 1e6


def lesson_us(redis_url: str) -> float:
    """Microseconds of one write by the lesson's own worker function."""
    os.environ["LESSON_REDIS_URL"] = redis_url
    from tests.lesson import writers  # noqa: PLC0415 - it reads the address when it is imported

    start_s = perf_counter()
    for i in range(UPDATES):
        writers._write_progress("lesson", "running", i * 100 // UPDATES, f"step {i}/{UPDATES}")
    took_s = perf_counter() - start_s
    writers.r.close()
    return took_s / UPDATES * 1e6


def realistic_members(begun: Begun) -> Members:
    """What a reporter writes in the middle of two nested loops."""
    progress = Progress(begun.settings.message_max, print)
    outer = progress.open_bar("chunks", CHUNKS, "chunk", 1.0)
    inner = progress.open_bar("columns", 19, "column", 1.0)
    for second in range(1, 13):
        outer.n, inner.n = second, second
        progress.members(float(second))
    return (
        body.queued(begun.spec)
        | progress.members(12.5)
        | {
            "status": "running",
            "worker": "host:1",
            "elapsed_s": 12.5,
            "paused_s": 0.0,
            "started_at": utc_now(),
            "heartbeat_at": utc_now(),
        }
    )
