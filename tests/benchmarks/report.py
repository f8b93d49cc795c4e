"""What reporting far too often costs: the job in time, and Redis in writes."""

from time import perf_counter

from headway.reporting import report
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import live_job, private_redis
from tests.benchmarks.rounds import Measured, alone
from tests.wait import wait_for

CALLS = 1_000_000


def reports(rounds: int) -> list[Figure]:
    """A million calls in a loop: seconds, and writes a second apart from the first and the last."""
    with private_redis() as url:
        values = alone(lambda: in_child(million, redis_url=url), rounds)
    return [
        absolute("report", "s/million", values["report"], at_most(1.0)),
        absolute("report-writes", "writes/s", values["report-writes"], at_most(10.0)),
    ]


def million(redis_url: str) -> Measured:
    """Report a million times in a live job, and count what reached Redis by the snapshot's seq."""
    with live_job(redis_url) as job:
        before = job.now().seq
        start_s = perf_counter()
        for i in range(CALLS):
            report(n=i, total=CALLS, message="counting rows")
        took_s = perf_counter() - start_s
        wait_for(lambda: job.now().n == CALLS - 1, 15, "the last value")
        writes = job.now().seq - before
    return {"report": took_s, "report-writes": max(0, writes - 2) / took_s}
