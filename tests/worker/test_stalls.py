"""Jobs that are alive and get no further are marked so."""

import time

import pytest

from headway import body
from headway.clock import utc_now
from headway.snapshot import Snapshot
from headway.stalls import Stalls
from tests.headway.test_retries import Job
from tests.wait import wait_for

#: No gap between two looks of these tests.
EVERY_S = 60.0


@pytest.fixture
def job(redis_url: str) -> Job:
    return Job(redis_url, stall_s=0.3)


def stalled(job: Job, stalls: Stalls) -> Snapshot:
    def marked() -> bool:
        stalls.look()
        return job.now.stalled_since is not None

    wait_for(marked, 15, "the job counts as stalled")
    return job.now


def test_a_job_without_progress_is_marked_until_it_reports_again(job: Job) -> None:
    stalls = Stalls(job.store, EVERY_S)
    stalls.look()
    reporter = job.begin()
    reporter.report(40, "half-way", None, None, None)
    wait_for(lambda: job.now.percent == 40, 15, "the report is written")
    reported = job.now

    marked = stalled(job, stalls)
    assert marked.model_copy(update={"stalled_since": None}) == reported.model_copy(
        update={"seq": reported.seq + 1, "updated_at": marked.updated_at}
    )
    assert marked.stalled_since is not None
    assert (marked.started_at or "") <= marked.stalled_since <= utc_now()
    for _ in range(3):
        stalls.look()
    assert job.now == marked

    reporter.report(41, None, None, None, None)
    wait_for(lambda: job.now.percent == 41, 15, "the next report is written")
    assert job.now.stalled_since is None
    stalled(job, stalls)
    reporter.cancel()
    assert job.now.stalled_since is None


def test_a_job_that_reports_is_not_marked_and_a_paused_one_neither(job: Job) -> None:
    stalls = Stalls(job.store, EVERY_S)
    reporter = job.begin()
    for percent in range(1, 8):
        reporter.report(percent, None, None, None, None)
        wait_for(lambda: job.now.percent == percent, 15, "it is written")  # noqa: B023 - called at once
        stalls.look()
    assert job.now.stalled_since is None

    stored = job.store.read(job.id)
    assert stored is not None
    members = body.decode(stored.raw) | {"status": "paused"}
    job.store.run(job.store.calls.change(job.id, stored.seq, members, request="p", flags=frozenset({"hold"})))
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        stalls.look()
    assert (job.now.status, job.now.stalled_since) == ("paused", None)
    reporter.cancel()
