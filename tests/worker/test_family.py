"""The processes that a job starts, and a work-horse that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.test_rq_worker import Floor, horse_of
from tests.worker.test_tqdm_jobs import logged

JOBS = ("tests.worker.family_jobs",)


@pytest.fixture(scope="module")
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    yield floor
    floor.close()


@pytest.fixture(scope="module")
def worker(module_redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker whose work-horses may be killed."""
    with worker_process(module_redis_url, JOBS) as running:
        yield running


class Others:
    """The two processes that the job starts and notes in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def found(self) -> list[psutil.Process]:
        wait_for(lambda: len(self._pids()) == 2, 20, "both processes are there")
        return [psutil.Process(pid) for pid in self._pids()]

    def kill(self) -> None:
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _pids(self) -> list[int]:
        return [int(path.read_text()) for path in self.folder.glob("*.pid")]


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Others]:
    others = Others(tmp_path)
    yield others
    others.kill()


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", ["joblib", "fork", "spawn", "os.fork", "subprocess"])
def test_what_a_killed_work_horse_has_started_ends_with_it(
    floor: Floor, worker: subprocess.Popen[bytes], others: Others, how: str
) -> None:
    job_id = floor.submit("start_others", how=how, pids=str(others.folder))
    started = others.found()
    horse = horse_of(worker, job_id)
    started += horse.children(recursive=True)
    horse.kill()
    wait_for(lambda: not any(map(lives, started)), 10, "the processes end")
    assert floor.ended(job_id).status == "failed"


def test_a_process_that_a_job_put_into_a_session_of_its_own_goes_on(
    floor: Floor, worker: subprocess.Popen[bytes], others: Others
) -> None:
    job_id = floor.submit("start_others", how="session", pids=str(others.folder))
    started = others.found()
    horse_of(worker, job_id).kill()
    floor.ended(job_id)
    assert all(map(lives, started))


@pytest.mark.parametrize("how", ["joblib", "fork"])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_what_a_job_has_started_and_heard_from_ends_when_the_worker_is_killed(
    redis_url: str, others: Others, how: str
) -> None:
    floor = Floor(redis_url)
    with worker_process(redis_url, JOBS) as worker:
        job_id = floor.submit("start_others", how=how, pids=str(others.folder))
        started = others.found()
        wait_for(lambda: len(logged(floor, job_id)) == 2, 10, "both are heard")
        worker.kill()
    wait_for(lambda: not any(map(lives, started)), 10, "the processes end")
    floor.close()
