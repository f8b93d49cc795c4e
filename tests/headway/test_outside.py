"""Changes to a job by others than its reporter."""

from collections.abc import Iterator

import pytest

from headway.outside import fail_lost, fail_queued, release
from headway.settings import Settings
from headway.snapshot import JobError
from headway.store import Store
from tests.api.watching import WrittenJob

ERROR = JobError(type="WorkHorseKilled", detail="signal 9")


@pytest.fixture
def job(redis_url: str) -> Iterator[WrittenJob]:
    store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
    yield WrittenJob(store)
    store.close()


def status(job: WrittenJob) -> str:
    stored = job.store.read(job.id)
    assert stored is not None
    return stored.snapshot.status.value


def test_an_attempt_is_written_off_only_where_it_ran(job: WrittenJob) -> None:
    job.start()
    job.write(status="running", worker="w1", percent=40)
    assert not fail_lost(job.store, job.id, 1, ERROR, "w2")
    assert not fail_lost(job.store, job.id, 2, ERROR, "w1")
    assert fail_lost(job.store, job.id, 1, ERROR, "w1")
    (ended,) = job.store.run(job.store.calls.attempts(job.id))
    assert (status(job), ended.error, ended.worker) == ("failed", ERROR, "w1")
    assert not fail_lost(job.store, job.id, 1, ERROR, "w1")


def test_an_attempt_that_never_began_is_written_off_only_if_that_is_meant(job: WrittenJob) -> None:
    assert not fail_lost(job.store, job.id, 1, ERROR, "w1")
    assert fail_lost(job.store, job.id, 1, ERROR, "w1", unstarted=True)
    assert status(job) == "failed"


def test_a_job_that_missed_its_queue_fails_unless_somebody_has_it(job: WrittenJob) -> None:
    job.start()
    assert not fail_queued(job.store, job.id, ERROR)
    assert status(job) == "started"


def test_a_released_job_waits_again_and_stays_canceled_if_that_was_asked(job: WrittenJob) -> None:
    job.start()
    job.write(status="running", worker="w1")
    asked = '{"requested":"cancel","by":"ann","at":""}'
    job.store.run(job.store.calls.control(job.id, "cancel", asked, request="c"))
    assert release(job.store, job.id, 1, "w1")
    stored = job.store.read(job.id)
    assert stored is not None
    assert (status(job), stored.snapshot.attempt) == ("queued", 1)
    assert stored.snapshot.control is not None
    assert stored.snapshot.control.requested == "cancel"
