"""What a step of a loop costs: `headway.track` in a live job against tqdm."""

import os
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from tqdm import tqdm

from headway.reporting import track
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, against, at_most
from tests.benchmarks.live_job import live_job, private_redis
from tests.benchmarks.rounds import Measured, side_by_side

# Long enough for several flushes.
STEPS = 5_000_000
OUTER, INNER = 300, 3_000


def flat(rounds: int) -> list[Figure]:
    """One loop."""
    return _figures("track", rounds, outer=0, inner=STEPS)


def nested(rounds: int) -> list[Figure]:
    """A loop in a loop: a step is one of the inner one, and opening and closing its bar is part of it."""
    return _figures("track-nested", rounds, outer=OUTER, inner=INNER)


def live_ns(redis_url: str, outer: int, inner: int) -> float:
    """Nanoseconds a step of `track` takes while its job reports to a live Redis and its control is checked."""
    with live_job(redis_url):
        return _step_ns(track, outer, inner)


def tqdm_ns(outer: int, inner: int) -> float:
    """Nanoseconds a step of tqdm takes with its default settings, drawing where nobody has to show it."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device, not a path
        return _step_ns(lambda items: tqdm(items, file=nowhere), outer, inner)


def _figures(name: str, rounds: int, outer: int, inner: int) -> list[Figure]:
    with private_redis() as url:

        def ours() -> Measured:
            return {name: in_child(live_ns, redis_url=url, outer=outer, inner=inner)}

        def peer() -> Measured:
            return {name: in_child(tqdm_ns, outer=outer, inner=inner)}

        return [against(name, "ns/step", *side_by_side(ours, peer, rounds).of(name), at_most(0.5))]


def _step_ns(bar: Callable[[Iterable[int]], Iterable[Any]], outer: int, inner: int) -> float:
    start_s = perf_counter()
    if outer == 0:
        for _ in bar(range(inner)):
            pass
    else:
        for _ in bar(range(outer)):
            for _ in bar(range(inner)):
                pass
    return (perf_counter() - start_s) / (max(outer, 1) * inner) * 1e9
