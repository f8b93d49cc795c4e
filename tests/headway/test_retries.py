"""What follows a failed attempt by its task's policy."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from headway import body, keys
from headway.clock import utc_now
from headway.outside import fail_lost
from headway.reporter import Reporter
from headway.retries import DELAY_MAX_S, delay_before, following
from headway.settings import Settings
from headway.snapshot import JobError, Policy, Snapshot, Spec
from headway.store import Store
from headway.store.calls import Holder
from tests.closing import AFTER_TEST

ERROR = JobError(type="ValueError", detail="no column\n'dep_delay'")


class Job:
    """A job with retries, run by reporters of the test's own."""

    def __init__(self, redis_url: str, **policy: Any) -> None:
        self.settings = Settings(HEADWAY_REDIS_URL=redis_url)
        self.store = Store(self.settings)
        AFTER_TEST.append(self.store.close)
        self.spec = Spec(job_id=uuid4().hex[:12], task="t", policy=Policy(**policy), created_at=utc_now())
        self.id = self.spec.job_id
        self.store.run(self.store.calls.create(self.spec, body.queued(self.spec), request="r"))

    def begin(self, attempt: int = 1) -> Reporter:
        reporter = Reporter(self.store, self.settings, self.spec, Holder(self.id, attempt, uuid4().hex), "w1")
        assert reporter.start().accepted
        return reporter

    def ask(self, action: Any) -> None:
        asked = json.dumps({"requested": action, "by": "ann", "at": ""})
        assert self.store.run(self.store.calls.control(self.id, action, asked, request=uuid4().hex)).accepted

    @property
    def now(self) -> Snapshot:
        stored = self.store.read(self.id)
        assert stored is not None
        return stored.snapshot

    @property
    def due_s(self) -> float | None:
        return self.store.run(self.store.calls.delayed()).get(self.id)


def by_exception(job: Job, attempt: int) -> None:
    reporter = job.begin(attempt)
    reporter.report(70, None, None, None, None)
    reporter.fail(ERROR)


def by_kill(job: Job, attempt: int) -> None:
    reporter = job.begin(attempt)
    assert fail_lost(job.store, job.id, attempt, ERROR, "w1")
    reporter.cancel()


BOTH = pytest.mark.parametrize("fail", [by_exception, by_kill])


@BOTH
def test_an_attempt_with_retries_left_ends_in_one_write_that_says_what_follows(
    redis_url: str, fail: Callable[[Job, int], None]
) -> None:
    job = Job(redis_url, retries=1, backoff=90)
    fail(job, 1)
    now = job.now
    assert (now.status, now.attempt, now.percent, now.error, now.worker) == ("queued", 2, 0, None, None)
    assert now.message == "attempt 1 failed (ValueError: no column 'dep_delay'), attempt 2 follows in 1 min 30 s"
    assert job.due_s == pytest.approx(90, abs=5)
    (ended,) = job.store.run(job.store.calls.attempts(job.id))
    assert (ended.attempt, ended.status, ended.error, ended.worker) == (1, "failed", ERROR, "w1")
    entries = [entry for _, entry in job.store.redis.xrange(keys.EVENTS)]
    seen = [json.loads(entry[b"snapshot"])["status"] for entry in entries]
    assert "failed" not in seen
    assert json.loads(entries[-1][b"ended"])["error"]["type"] == "ValueError"


@BOTH
def test_an_attempt_without_retries_left_fails(redis_url: str, fail: Callable[[Job, int], None]) -> None:
    job = Job(redis_url, retries=1, backoff=0)
    fail(job, 1)
    fail(job, 2)
    now = job.now
    assert (now.status, now.attempt, now.error, now.can) == ("failed", 2, ERROR, ["retry"])
    assert job.due_s is None


def test_a_pause_that_was_asked_of_a_killed_attempt_holds_the_next(redis_url: str) -> None:
    job = Job(redis_url, retries=1)
    reporter = job.begin()
    job.ask("pause")
    assert fail_lost(job.store, job.id, 1, ERROR, "w1")
    assert (job.now.status, job.now.attempt, job.now.control, job.due_s) == ("paused", 2, None, None)
    reporter.cancel()


def test_an_attempt_that_fails_while_its_cancel_is_asked_for_is_the_last(redis_url: str) -> None:
    job = Job(redis_url, retries=1)
    reporter = job.begin()
    job.ask("cancel")
    assert fail_lost(job.store, job.id, 1, ERROR, "w1")
    assert (job.now.status, job.now.attempt) == ("failed", 1)
    reporter.cancel()


def test_a_cancel_that_comes_with_the_end_cancels_the_next_attempt(redis_url: str) -> None:
    job = Job(redis_url, retries=1)
    reporter = job.begin()
    # The reporter hears of it by the answer to its last write.
    job.ask("cancel")
    reporter.fail(ERROR)
    assert (job.now.status, job.now.attempt, job.due_s) == ("canceled", 2, None)


def test_the_delay_doubles_up_to_an_hour_or_the_first_one() -> None:
    assert [delay_before(Policy(backoff=2), attempt) for attempt in (2, 3, 4)] == [2, 4, 8]
    assert delay_before(Policy(backoff=2), 101) == DELAY_MAX_S
    assert delay_before(Policy(backoff=7_200), 3) == 7_200


def test_a_retry_by_hand_gives_no_automatic_ones() -> None:
    spec = Spec(job_id="a", task="t", policy=Policy(retries=2), created_at=utc_now())
    assert [following(spec, attempt, ERROR) is not None for attempt in (1, 2, 3, 4)] == [True, True, False, False]
