"""A worker's watch over an attempt, where the order of events decides."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from headway.outside import fail_lost
from headway.reporter import Reporter
from headway.snapshot import JobError
from headway.store import Answer, Store
from headway.store.calls import Call
from headway.warden import Warden
from tests.headway.desk import Desk


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not give way, in a group of its own."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_an_attempt_that_was_lost_before_its_worker_heard_of_it_is_ended(
    redis_url: str, process: subprocess.Popen[bytes]
) -> None:
    desk = Desk(redis_url, heartbeat_s=0.1, cancel_grace_s=0.1)
    warden = Warden(desk.store, desk.settings, desk.spec, 1)
    Reporter(desk.store, desk.settings, desk.spec, warden.holder, "w", clock=warden.clock).start()
    assert fail_lost(desk.store, desk.spec.job_id, 1, JobError(type="WorkerLost"), "w")

    ended = warden.wait(process.pid, 5)

    assert ended is not None
    assert os.WTERMSIG(ended[1]) == signal.SIGKILL
    assert warden.forced == "lost"
    process.returncode = -signal.SIGKILL
    warden.close()


def test_an_attempt_that_was_not_let_begin_is_left_alone(redis_url: str, process: subprocess.Popen[bytes]) -> None:
    desk = Desk(redis_url, heartbeat_s=0.1, cancel_grace_s=0.1)
    desk.reporter.start()
    warden = Warden(desk.store, desk.settings, desk.spec, 1)
    second = Reporter(desk.store, desk.settings, desk.spec, warden.holder, "w", clock=warden.clock)
    assert not second.start().accepted

    assert warden.wait(process.pid, 0.6) is None
    assert warden.forced is None
    warden.close()
    desk.reporter.finish("null")


class LateAnswers(Store):
    """Does something while the first answer is on its way."""

    do: list[Callable[[], object]]

    def run(self, call: Call[Answer]) -> Answer:  # type: ignore[override]
        answer = super().run(call)
        while self.do:
            self.do.pop()()
        return answer


def test_an_attempt_that_begins_while_the_worker_asks_for_it_is_not_lost(
    redis_url: str, process: subprocess.Popen[bytes]
) -> None:
    desk = Desk(redis_url, cancel_grace_s=0)
    store = LateAnswers(desk.settings)
    warden = Warden(store, desk.settings, desk.spec, 1)
    reporter = Reporter(desk.store, desk.settings, desk.spec, warden.holder, "w", clock=warden.clock)
    store.do = [reporter.start]
    warden._beat_at_s = 0.0

    assert warden.wait(process.pid, 0.6) is None
    assert warden.forced is None
    assert not store.do
    warden.close()
    store.close()
    reporter.finish("null")
