"""What jobs print, in their logs: from Python, C, children and forks, whatever it is and however the job ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from headway import keys
from headway.history.entries import Entry, lines
from headway.snapshot import Policy
from tests.fixtures import module_redis_url
from tests.servers import Running, runs, worker_process
from tests.wait import wait_for
from tests.worker.floor import Floor

TASKS = ("tests.worker.printing_jobs",)

__all__ = ["module_redis_url"]


@pytest.fixture(scope="module")
def worker(module_redis_url: str) -> Iterator[Running]:
    """One worker for all tests."""
    with worker_process(module_redis_url, TASKS) as running:
        yield running


@pytest.fixture
def printed(worker: Running, module_redis_url: str) -> Iterator[Floor]:
    """Where jobs are submitted to it."""
    floor = Floor(module_redis_url)
    yield floor
    floor.close()


def logged(floor: Floor, job_id: str) -> list[str]:
    found = floor.store.run(floor.store.calls.lines(job_id, "-", 10_000))
    entries = [Entry(keys.LOGS, entry_id, fields) for entry_id, fields in found]
    return [row["line"] for entry in entries for row in lines(entry, entry.place)]


def output_of(worker: Running) -> str:
    return worker.log.read_text(errors="replace")


def scribes(worker: Running) -> list[psutil.Process]:
    said = output_of(worker)
    commands = [(one, (one.info["cmdline"] or [""])[0].split()) for one in psutil.process_iter(["cmdline"])]
    return [one for one, words in commands if words[:1] == ["headway-output"] and f"worker {words[1]} serves" in said]


def test_all_that_a_job_prints_is_in_its_log_when_it_has_ended(printed: Floor, worker: Running):
    job_id = printed.submit("print_all_ways")
    assert printed.ended(job_id).status == "finished"
    said = logged(printed, job_id)
    plain = {"from print", "from stderr", "from the descriptor", "from C", "from a child", "from a fork", "from log"}
    assert plain | {"INFO mine: from logging", "without a newline"} <= set(said)
    assert any("UserWarning: from warnings" in line for line in said)
    assert len([line for line in said if "from logging" in line]) == 1
    # The worker's own words are not the job's, and the job's go to the worker's output too.
    assert not any("started" in line for line in said)
    wait_for(lambda: "from a child" in output_of(worker), 15, "the worker's own output has it too")


def test_odd_output_is_cut_cleaned_and_drawn_as_on_a_terminal(printed: Floor):
    job_id = printed.submit("print_oddly")
    printed.ended(job_id)
    said = logged(printed, job_id)
    assert "bad \ufffd\ufffd bytes" in said
    assert sorted(map(len, said))[-1] == 4_000
    bars = [line for line in said if line.startswith("bar")]
    assert len(bars) == 1
    assert bars[0].startswith("bar: 100%")
    assert said[-2:] == ["windows", "last"] or {"windows", "last"} <= set(said)


def test_the_last_words_of_a_job_that_was_killed_are_in_its_log_before_its_end_is_told(printed: Floor):
    job_id = printed.submit("print_and_die")
    assert printed.ended(job_id).error.type == "WorkHorseKilled"
    assert logged(printed, job_id) == ["last words"]


def test_a_failed_jobs_log_ends_with_the_traceback(printed: Floor):
    job_id = printed.submit("raise_after_printing")
    printed.ended(job_id)
    said = logged(printed, job_id)
    assert said[:2] == ["before the error", "Traceback (most recent call last):"]
    assert said[-1] == "ValueError: no column 'x'"
    assert not any("headway/attempt.py" in line for line in said)


def test_a_task_may_keep_what_it_prints_out_of_its_log(printed: Floor):
    job_id = printed.submit("print_for_the_worker", policy=Policy(capture_output=False))
    printed.ended(job_id)
    assert logged(printed, job_id) == ["for the log"]


def test_a_child_that_outlives_its_job_is_not_held_up_and_heard_no_more(
    printed: Floor, worker: Running, tmp_path: Path
):
    job_id = printed.submit("leave_a_child", path=str(tmp_path / "stop"))
    assert printed.ended(job_id).status == "finished"
    heard = logged(printed, job_id)
    assert "left alone" in heard
    before = output_of(worker).count("on and on")
    wait_for(lambda: output_of(worker).count("on and on") > before + 20, 10, "it prints on, into the worker's")
    assert logged(printed, job_id) == heard
    (tmp_path / "stop").touch()


def test_a_flood_neither_stops_a_job_nor_fills_redis_and_what_did_not_fit_is_counted(printed: Floor):
    job_id = printed.submit("flood", lines=1_000_000)
    assert printed.ended(job_id).status == "finished"
    found = printed.store.run(printed.store.calls.lines(job_id, "-", 10_000))
    rows = [row for one in found for row in lines(Entry(keys.LOGS, *one), "0-0")]
    assert sum(row["dropped"] or 1 for row in rows) == 1_000_000
    assert rows[-1]["line"] == "line 999 of many"
    assert len(rows) < 500_000


def test_a_job_that_closes_every_descriptor_still_ends(printed: Floor):
    job_id = printed.submit("close_everything")
    ended = printed.ended(job_id)
    assert ended.result == "done", (ended.error, logged(printed, job_id))
    assert "before" in logged(printed, job_id)


def test_a_scribe_that_was_killed_is_replaced_for_the_next_job(printed: Floor, worker: Running):
    for scribe in scribes(worker):
        scribe.kill()
    first, second = printed.submit("print_all_ways"), printed.submit("print_all_ways")
    assert printed.ended(first).status == printed.ended(second).status == "finished"
    assert "from print" in logged(printed, second)


def test_the_scribe_ends_with_its_worker(redis_url: str):
    with worker_process(redis_url, TASKS) as worker:
        (scribe,) = scribes(worker)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        wait_for(lambda: not runs(scribe), 10, "the scribe ends")


def test_a_worker_may_take_nothing_or_keep_it_out_of_its_own_output(redis_url: str):
    floor = Floor(redis_url)
    with worker_process(redis_url, TASKS, HEADWAY_CAPTURE_OUTPUT="false") as worker:
        job_id = floor.submit("print_all_ways")
        floor.ended(job_id)
        assert scribes(worker) == []
        assert logged(floor, job_id) == ["from log"]
        wait_for(lambda: "from a child" in output_of(worker), 15, "it is in the worker's output")
    with worker_process(redis_url, TASKS, HEADWAY_TEE_OUTPUT="false") as worker:
        job_id = floor.submit("print_all_ways")
        floor.ended(job_id)
        assert "from a child" in logged(floor, job_id)
        assert "from a child" not in output_of(worker)
    floor.close()
