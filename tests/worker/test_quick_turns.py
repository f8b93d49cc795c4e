"""Pauses and resumes asked in quick succession: the last one wins, and nothing stays asked."""

import random
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from headway.control import Request, act
from headway.snapshot import Action, Policy, Snapshot
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.floor import Floor
from tests.worker.jobs import PACE

JOBS = ("tests.worker.jobs", "tests.worker.stubborn_jobs")
SEQUENCES = 20
LONG = 100_000
WORDS: dict[Action, str] = {"pause": "paused", "resume": "running"}


@pytest.fixture(scope="module")
def worker(module_redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that stops, almost at once, what does not stand still by itself."""
    with worker_process(module_redis_url, JOBS, HEADWAY_PAUSE_GRACE_S="0.02", HEADWAY_CANCEL_GRACE_S="1") as running:
        yield running


@pytest.fixture
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    yield floor
    floor.close()


def ask(floor: Floor, job_id: str, action: Action) -> Snapshot:
    return act(floor.store, floor.engine, job_id, Request(action, by="ann")).snapshot


def settled(floor: Floor, job_id: str) -> str:
    now = floor.now(job_id)
    return now.status.value if now.control is None else f"{now.status.value}, {now.control.requested} asked"


def becomes(floor: Floor, job_id: str, due: str, when: str) -> None:
    try:
        wait_for(lambda: settled(floor, job_id) == due, 15, f"the job is {due} {when}")
    except AssertionError as late:
        late.add_note(f"it is {settled(floor, job_id)}")
        raise


def moves(floor: Floor, worker: subprocess.Popen[bytes], job_id: str) -> None:
    """The job is not just called running: its process goes on, and reports what it does."""
    (horse,) = psutil.Process(worker.pid).children()
    wait_for(lambda: horse.status() != psutil.STATUS_STOPPED, 15, "its process goes on")
    if floor.now(job_id).bars:
        n = floor.now(job_id).n or 0
        wait_for(lambda: (floor.now(job_id).n or 0) > n, 15, "it takes further steps")


@pytest.mark.parametrize(
    ("task", "pause"),
    [("step", "cooperative"), ("step", "auto"), ("step", "signal"), ("turn", "signal"), ("turn", "auto")],
)
def test_the_last_that_was_asked_wins_and_nothing_stays_asked(
    floor: Floor, worker: subprocess.Popen[bytes], task: str, pause: str
) -> None:
    chance = random.Random(f"{task} {pause}")
    job_id = floor.submit(task, policy=Policy(pause=pause), count=LONG)
    floor.running(job_id)
    for _ in range(SEQUENCES):
        asked: list[Action] = chance.choices(["pause", "resume"], k=chance.randint(1, 5))
        for action in asked:
            ask(floor, job_id, action)
            PACE.wait(chance.choice([0.0, 0.0, 0.002, 0.01, 0.04]))
        due = WORDS[asked[-1]]
        becomes(floor, job_id, due, f"after {asked}")
        if due == "running":
            moves(floor, worker, job_id)
        else:
            seq = floor.now(job_id).seq
            PACE.wait(0.05)
            assert (settled(floor, job_id), floor.now(job_id).seq) == (due, seq), asked
    ask(floor, job_id, "cancel")
    assert floor.ended(job_id).status == "canceled"
