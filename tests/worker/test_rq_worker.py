"""Real RQ workers that run, fail, are killed and are told to stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from headway import keys, workers
from tests.servers import ROOT, runs, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor


@pytest.fixture
def worker(redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    with worker_process(redis_url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="1") as running:
        yield running


def horse_of(worker: subprocess.Popen[bytes], job_id: str) -> psutil.Process:
    """The work-horse process of a job, by its title."""

    def found() -> list[psutil.Process]:
        children = psutil.Process(worker.pid).children()
        return [
            child for child in children if child.cmdline()[:1] and child.cmdline()[0].startswith(f"headway {job_id}#")
        ]

    wait_for(lambda: bool(found()), 15, f"a process with the title of job {job_id}")
    return found()[0]


@pytest.mark.usefixtures("worker")
def test_a_job_runs_and_its_result_is_ours_while_rqs_own_stays_null(floor: Floor) -> None:
    job_id = floor.submit("add", a=2, b=40)
    last = floor.ended(job_id)
    assert (last.status, last.result, last.percent, last.attempt) == ("finished", 42, 100, 1)
    wait_for(lambda: floor.rq_status(job_id) == "finished", 15, "RQ agrees")
    job = Job.fetch(job_id, connection=floor.store.redis, serializer=JSONSerializer)
    assert job.return_value() is None
    # No limit: one that counts paused time would be wrong.
    assert job.timeout == -1


@pytest.mark.usefixtures("worker")
def test_a_failing_job_says_type_and_detail_and_keeps_its_percent(floor: Floor) -> None:
    job_id = floor.submit("fail", detail="no such column: 'é'")
    last = floor.ended(job_id)
    assert last.error is not None
    assert (last.status, last.percent, last.error.type, last.error.detail) == (
        "failed", 50, "ValueError", "no such column: 'é'",
    )  # fmt: skip
    wait_for(lambda: floor.rq_status(job_id) == "failed", 15, "RQ agrees")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("task", "params", "error_type", "words"),
    [
        ("nobody", {}, "TaskNotFound", "no task named 'nobody'"),
        ("add", {"a": "x", "b": 1}, "InvalidParams", "'a'"),
        ("leave", {"how": "sys.exit"}, "SystemExit", "3"),
        ("leave", {"how": "KeyboardInterrupt"}, "KeyboardInterrupt", ""),
        ("leave", {"how": "lambda"}, "NotEncodable", "result.rows[1]"),
        ("leave", {"how": "os._exit"}, "WorkHorseKilled", "ended early, without an error"),
        ("leave", {"how": "os._exit(3)"}, "WorkHorseKilled", "ended early, with exit status 3"),
        ("leave", {"how": "exec"}, "WorkHorseKilled", "ended early, without an error"),
        ("leave", {"how": "cycle"}, "NotEncodable", "contains itself"),
        ("leave", {"how": "mute error"}, "MuteError", "unprintable"),
        ("leave", {"how": "leaving error"}, "MuteError", "unprintable"),
        ("leave", {"how": "long error"}, "E" * 199 + "…", "ééé"),
    ],
)
def test_whatever_a_job_does_it_ends_in_a_clear_failure_and_the_worker_goes_on(
    floor: Floor, task: str, params: dict[str, Any], error_type: str, words: str
) -> None:
    last = floor.ended(floor.submit(task, **params))
    assert last.error is not None
    assert (last.status, last.error.type) == ("failed", error_type)
    assert words in last.error.detail
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2


def test_a_killed_work_horse_is_shown_with_its_signal(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "never"))
    floor.running(job_id)
    horse_of(worker, job_id).kill()
    last = floor.ended(job_id)
    assert last.error is not None
    assert (last.status, last.error.type) == ("failed", "WorkHorseKilled")
    assert "SIGKILL" in last.error.detail
    (ended,) = floor.store.run(floor.store.calls.attempts(job_id))
    assert ended.error == last.error


def test_a_work_horse_does_not_outlive_its_worker(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "never"))
    floor.running(job_id)
    horse = horse_of(worker, job_id)
    worker.kill()
    wait_for(lambda: not runs(horse), 15, "the work-horse ends too")


def test_a_worker_told_to_stop_hands_its_job_back_and_the_next_worker_finishes_it(
    floor: Floor, worker: subprocess.Popen[bytes], redis_url: str, tmp_path: Path
) -> None:
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
    floor.running(job_id)
    worker.send_signal(signal.SIGTERM)
    wait_for(lambda: floor.now(job_id).status == "queued", 10, "the job waits again")
    assert worker.wait(10) == 0
    assert (floor.now(job_id).attempt, floor.rq_status(job_id)) == (1, "queued")
    (tmp_path / "go").touch()
    with worker_process(redis_url, JOBS):
        last = floor.ended(job_id)
    assert (last.status, last.result, last.attempt) == ("finished", "seen", 1)


def test_a_worker_told_to_stop_lets_a_job_end_within_its_grace(floor: Floor, redis_url: str, tmp_path: Path) -> None:
    with worker_process(redis_url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="60") as worker:
        job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
        floor.running(job_id)
        worker.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        assert floor.ended(job_id).status == "finished"
        assert worker.wait(10) == 0


def test_a_worker_told_twice_hands_its_job_back_at_once(floor: Floor, redis_url: str, tmp_path: Path) -> None:
    with worker_process(redis_url, JOBS, HEADWAY_SHUTDOWN_GRACE_S="3600") as worker:
        job_id = floor.submit("wait_for_file", path=str(tmp_path / "never"))
        floor.running(job_id)
        worker.send_signal(signal.SIGTERM)
        (name,) = floor.store.run(workers.names())
        told = (f"rq:worker:{name}", "shutdown_requested_date")
        wait_for(lambda: floor.store.redis.hget(*told) is not None, 15, "the worker was told")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    assert (floor.now(job_id).status, floor.rq_status(job_id)) == ("queued", "queued")


def test_a_worker_leaves_a_task_that_it_does_not_know_to_one_that_does(floor: Floor, redis_url: str) -> None:
    with worker_process(redis_url, JOBS):
        wait_for(lambda: bool(floor.store.run(workers.catalogue())), 15, "the tasks are known")
    with worker_process(redis_url, ("worker.examples.long_task",)):
        added = [floor.submit("add", a=n, b=0) for n in range(3)]
        own = floor.submit("long_task", n_steps=1, step_s=0)
        assert floor.ended(own).status == "finished"
        assert {floor.now(job_id).status.value for job_id in added} == {"queued"}
        with worker_process(redis_url, JOBS):
            assert [floor.ended(job_id).result for job_id in added] == [0, 1, 2]


def test_a_name_that_another_worker_has_stops_the_start_with_a_sentence(
    worker: subprocess.Popen[bytes], redis_url: str, floor: Floor
) -> None:
    (name,) = floor.store.run(workers.names())
    ended = subprocess.run(
        [sys.executable, "-m", "headway.cli", "worker", "--tasks", *JOBS, "--name", name],
        env={"PATH": os.environ["PATH"], "REDIS_URL": redis_url},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("headway: --name: ")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the threads of another process apart")
def test_a_worker_forks_with_no_thread_but_rqs_own(
    floor: Floor, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    for _ in range(2):
        job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
        floor.running(job_id)
        # The main one, and the one that RQ hears commands with.
        assert len(psutil.Process(worker.pid).threads()) == 2
        (tmp_path / "go").touch()
        floor.ended(job_id)
        (tmp_path / "go").unlink()


@pytest.mark.usefixtures("worker")
def test_a_job_delivered_twice_runs_once(floor: Floor) -> None:
    job_id = floor.submit("add", a=1, b=1)
    last = floor.ended(job_id)
    queue = Queue("headway-default", connection=floor.store.redis, serializer=JSONSerializer)
    queue.enqueue("headway.engines.rq.run_job", args=(job_id, 1), job_id=f"{job_id}-again")
    wait_for(lambda: floor.rq_status(f"{job_id}-again") == "finished", 10, "the second delivery is over")
    assert floor.now(job_id) == last


@pytest.mark.usefixtures("worker")
def test_threads_of_a_job_log_through_its_reporter(floor: Floor) -> None:
    job_id = floor.submit("say", lines=["one", "two"])
    floor.ended(job_id)
    logged = b"".join(
        entry[b"lines"] for _, entry in floor.store.redis.xrange(keys.LOGS) if entry[b"job"] == job_id.encode()
    )
    assert b"one" in logged
    assert b"two" in logged


def test_a_worker_says_who_it_is_and_withdraws_when_it_ends(floor: Floor, worker: subprocess.Popen[bytes]) -> None:
    (name,) = floor.store.run(workers.names())
    (info,) = floor.store.run(workers.details([name]))
    assert (info.pid, info.queues, info.alive) == (worker.pid, ["default"], True)
    assert info.serves("add", "default")
    assert not info.serves("add", "other")
    assert "add" in {task.name for task in floor.store.run(workers.catalogue())}
    os.kill(worker.pid, signal.SIGTERM)
    wait_for(lambda: floor.store.run(workers.names()) == [], 10, "the worker withdraws")
    assert "add" in {task.name for task in floor.store.run(workers.catalogue())}


def test_the_traceback_of_a_failed_job_goes_to_the_workers_log(floor: Floor, redis_url: str) -> None:
    floor.submit("fail", detail="no such column")
    ended = subprocess.run(
        [sys.executable, "-m", "headway.cli", "worker", "--tasks", *JOBS, "--burst"],
        env={"PATH": os.environ["PATH"], "REDIS_URL": redis_url},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = ended.stdout + ended.stderr
    assert "Traceback" in said
    assert "ValueError: no such column" in said


def test_a_wrong_set_up_stops_the_start_with_a_sentence(redis_url: str, tmp_path: Path) -> None:
    for folder, env, words in (
        (ROOT, {"REDIS_URL": f"unix://{tmp_path}/nobody.sock"}, "Redis does not answer"),
        (ROOT, {"REDIS_URL": redis_url, "HEADWAY_TASKS": "no.such.module"}, "HEADWAY_TASKS"),
        (ROOT, {"REDIS_URL": redis_url, "HEADWAY_KEEP_S": "soon"}, "HEADWAY_KEEP_S"),
        # Where there are no example tasks.
        (tmp_path, {"REDIS_URL": redis_url}, "headway worker --tasks mytasks"),
    ):
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("headway")), "worker"],
            env={"PATH": os.environ["PATH"]} | env,
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert words in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("how", ["comes back", "fails"])
@pytest.mark.usefixtures("worker")
def test_a_child_that_a_job_forked_ends_where_the_jobs_function_does(floor: Floor, how: str) -> None:
    job_id = floor.submit("fork", how=how, marker="")
    last = floor.ended(job_id)
    assert (last.status, last.result) == ("finished", "the parent's result")
    wait_for(lambda: floor.rq_status(job_id) == "finished", 15, "RQ agrees")
    assert len(floor.store.run(floor.store.calls.attempts(job_id))) == 1


@pytest.mark.usefixtures("worker")
def test_a_child_that_a_job_forgot_says_nothing_after_its_end(floor: Floor, tmp_path: Path) -> None:
    marker = tmp_path / "go"
    job_id = floor.submit("fork", how="goes on", marker=str(marker))
    last = floor.ended(job_id)
    assert (last.status, last.result) == ("finished", "the parent's result")
    marker.touch()
    wait_for(marker.with_suffix(".done").exists, 15, "the orphan's end")
    assert floor.now(job_id) == last
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.usefixtures("worker")
def test_a_job_that_closes_every_descriptor_loses_neither_its_result_nor_the_next_job(floor: Floor, first: int) -> None:
    job_id = floor.submit("close_all_descriptors", first=first)
    last = floor.ended(job_id)
    assert (last.status, last.result, last.message, last.error) == ("finished", "still here", "complete", None)
    floor.agrees(job_id)
    assert floor.ended(floor.submit("add", a=1, b=1)).result == 2


@pytest.mark.usefixtures("worker")
def test_a_job_that_closes_its_streams_finishes_and_rq_agrees(floor: Floor) -> None:
    job_id = floor.submit("close_streams")
    assert (floor.ended(job_id).status, floor.now(job_id).result) == ("finished", "still here")
    floor.agrees(job_id)


@pytest.mark.usefixtures("worker")
def test_a_job_that_says_far_too_much_is_cut_short_in_words_alone(floor: Floor) -> None:
    last = floor.ended(floor.submit("babble", times=3))
    assert (last.status, last.result, last.percent) == ("finished", 3, 100)
    assert (len(last.metrics), last.n, last.total) == (64, 0, 0)


@pytest.mark.usefixtures("worker")
def test_a_worker_that_starts_leaves_the_unfinished_jobs_of_others_alone(
    floor: Floor, redis_url: str, tmp_path: Path
) -> None:
    redis = floor.store.redis
    job_id = floor.submit("wait_for_file", path=str(tmp_path / "go"))
    floor.running(job_id)
    # As after an outage: the heartbeats stopped for longer than RQ allows, and a job lies between queue and start.
    (execution,) = redis.zrange("rq:wip:headway-default", 0, -1)
    stuck = floor.submit("add", a=1, b=1)
    redis.lmove("rq:queue:headway-default", "rq:queue:headway-default:intermediate")
    redis.set(f"rq:queue:headway-default:intermediate:first_seen:{stuck}", 1)
    redis.zadd("rq:finished:headway-default", {"expired": 1})
    redis.zadd("rq:wip:headway-default", {execution: 1, "gone:gone": 1})
    command = [sys.executable, "-m", "headway.cli", "worker", "--tasks", *JOBS, "--burst"]
    subprocess.run(command, env={"PATH": os.environ["PATH"], "REDIS_URL": redis_url}, cwd=ROOT, check=True, timeout=30)
    assert redis.zscore("rq:finished:headway-default", "expired") is None
    assert redis.zscore("rq:wip:headway-default", "gone:gone") == 1
    assert (floor.rq_status(job_id), floor.rq_status(stuck)) == ("started", "queued")
    (tmp_path / "go").touch()
    assert floor.ended(job_id).status == "finished"
    wait_for(lambda: floor.rq_status(job_id) == "finished", 10, "RQ agrees")
    assert floor.now(stuck).status == "queued"


def test_a_huge_error_is_cut_in_the_log_and_in_redis(redis_url: str, floor: Floor) -> None:
    with worker_process(redis_url, JOBS) as worker:
        job_id = floor.submit("leave", how="long error")
        floor.ended(job_id)
        wait_for(lambda: floor.rq_status(job_id) == "failed", 15, "RQ agrees")
        wait_for(lambda: "characters left out" in worker.log.read_text(), 15, "the error is logged")
        assert len(worker.log.read_text()) < 50_000
        job = Job.fetch(job_id, connection=floor.store.redis, serializer=JSONSerializer)
        result = wait_for(job.latest_result, 15, "RQ keeps how it ended")
        assert 0 < len(result.exc_string) < 50_000
