"""The reporter of a running attempt, on a real Redis: its life, and what is asked of it."""

import asyncio
import json
import os
import threading
from itertools import count

import pytest

from headway import body, keys
from headway.context import context_job, current_job, set_process_job
from headway.errors import AttemptOver, JobCanceled
from headway.reporting import checkpoint, log, metric, report, track
from headway.snapshot import JobError
from headway.stack.redis_server import RedisServer
from headway.store import Answer
from tests.headway.desk import Desk, desk
from tests.headway.proxy import Proxy
from tests.wait import wait_for

__all__ = ["desk"]


def test_an_attempt_goes_from_started_over_running_to_finished(desk: Desk) -> None:
    report(message="half", n=5, total=10)
    desk.seen(lambda snapshot: snapshot.percent == 50)
    desk.reporter.finish('{"msg":"done"}')
    last = desk.now()
    assert (last.status, last.percent, last.message, last.result) == ("finished", 100, "complete", {"msg": "done"})
    assert (last.n, last.total, last.worker, last.attempt) == (5, 10, "w", 1)


def test_a_burst_of_reports_costs_few_writes_and_the_last_value_is_never_lost(desk: Desk) -> None:
    for n in range(20_000):
        report(n=n, total=20_000)
    frames = desk.seen(lambda snapshot: snapshot.n == 19_999)
    assert len(frames) < 20
    assert [frame.seq for frame in frames] == sorted({frame.seq for frame in frames})


def test_the_first_value_goes_at_once_the_next_ones_wait_and_the_end_waits_for_nobody(redis_url: str) -> None:
    desk = Desk(redis_url, flush_s=5)
    desk.reporter.start()
    wait_for(lambda: "headway-ear" in {thread.name for thread in threading.enumerate()}, 15, "a look without news")
    desk.reporter.report(None, None, 1, 9, None)
    frames = desk.seen(lambda snapshot: snapshot.n == 1)
    assert [frame.status for frame in frames] == ["queued", "started", "running"]
    for n in (2, 3):
        desk.reporter.report(None, None, n, 9, None)
    desk.reporter.finish("null")
    frames = desk.seen(lambda snapshot: snapshot.status.terminal)
    assert [(frame.status, frame.n) for frame in frames] == [("running", 3), ("finished", 3)]


def test_a_forked_child_neither_reports_nor_hangs(desk: Desk) -> None:
    child = os.fork()
    if child == 0:
        report(message="from the child")
        log("from the child")
        os._exit(0 if current_job() is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    report(message="from the parent")
    frames = desk.seen(lambda frame: frame.message == "from the parent")
    assert "from the child" not in {frame.message for frame in frames}


def test_an_attempt_that_was_taken_over_leaves_no_large_result_behind(redis_url: str) -> None:
    desk = Desk(redis_url, result_max_bytes=10)
    desk.reporter.start()
    members = body.queued(desk.spec)
    desk.store.run(desk.store.calls.change(desk.spec.job_id, 2, members, request="lost", flags=frozenset({"release"})))
    desk.reporter.finish(json.dumps("x" * 100))
    assert desk.store.run(desk.store.calls.result(desk.spec.job_id)) is None


def test_a_child_forked_from_one_of_many_jobs_is_outside_of_it(redis_url: str) -> None:
    desk = Desk(redis_url)
    with context_job(desk.reporter):
        child = os.fork()
        if child == 0:
            os._exit(0 if current_job() is None else 1)
        assert current_job() is desk.reporter
    assert os.waitpid(child, 0)[1] == 0


def test_jobs_in_one_event_loop_keep_apart_and_their_threads_with_them(redis_url: str) -> None:
    desks = [Desk(redis_url) for _ in range(2)]
    both_inside = threading.Barrier(2)

    def in_thread(who: int) -> None:
        both_inside.wait(15)
        metric(who=who)

    async def run(who: int) -> None:
        with context_job(desks[who].reporter):
            for _ in track(range(who + 2), desc=f"job {who}"):
                await asyncio.sleep(0)
            await asyncio.gather(asyncio.to_thread(in_thread, who))

    async def run_both() -> None:
        await asyncio.gather(run(0), run(1))

    for each in desks:
        each.reporter.start()
    asyncio.run(run_both())
    assert current_job() is None
    for who, each in enumerate(desks):
        each.reporter.finish("null")
        last = each.now()
        assert (last.desc, last.n, last.metrics) == (f"job {who}", who + 2, {"who": who})


def test_a_failed_job_keeps_the_percent_it_reached_and_says_why(desk: Desk) -> None:
    report(percent=42)
    desk.seen(lambda snapshot: snapshot.percent == 42)
    desk.reporter.fail(JobError(type="ValueError", detail="no such column"))
    last = desk.now()
    assert (last.status, last.percent, last.message) == ("failed", 42, "error")
    assert last.error == JobError(type="ValueError", detail="no such column")


def test_the_list_of_attempts_says_how_each_one_ended(desk: Desk) -> None:
    desk.reporter.fail(JobError(type="ValueError", detail="x"))
    (ended,) = desk.store.run(desk.store.calls.attempts(desk.spec.job_id))
    assert (ended.attempt, ended.status, ended.error, ended.worker) == (1, "failed", desk.now().error, "w")
    assert ended.started_at is not None


def test_a_cancel_asked_for_reaches_the_next_checkpoint(desk: Desk) -> None:
    asked = '{"requested":"cancel","by":"ann","at":""}'
    desk.store.run(desk.store.calls.control(desk.spec.job_id, "cancel", asked, request="c"))

    def canceled() -> bool:
        report(message="still here")
        try:
            checkpoint()
        except JobCanceled:
            return True
        return False

    wait_for(canceled, 15, "the cancel at a checkpoint")
    desk.reporter.cancel()
    assert (desk.now().status, desk.now().control) == ("canceled", None)


def test_an_attempt_that_another_holder_took_over_stops_at_its_next_step(desk: Desk) -> None:
    current = desk.now()
    members = body.queued(desk.spec)
    desk.store.run(
        desk.store.calls.change(desk.spec.job_id, current.seq, members, request="lost", flags=frozenset({"release"}))
    )
    with pytest.raises(AttemptOver):
        for n in track(count()):
            report(message=f"zombie {n}")
    assert desk.now().status == "queued"
    desk.reporter.cancel()
    assert desk.now().status == "queued"


def test_a_second_delivery_of_the_same_attempt_does_not_begin(desk: Desk) -> None:
    assert desk.another_reporter().start().code == "fenced"
    desk.reporter.finish("null")
    assert desk.another_reporter().start().code == "over"


def test_a_result_too_large_for_a_snapshot_is_kept_beside_it(redis_url: str) -> None:
    desk = Desk(redis_url, result_max_bytes=100)
    desk.reporter.start()
    result = json.dumps(["é" * 100])
    desk.reporter.finish(result)
    assert desk.now().result == {"href": f"/jobs/{desk.spec.job_id}/result", "bytes": len(result.encode())}
    assert desk.store.run(desk.store.calls.result(desk.spec.job_id)) == result.encode()


def test_a_redis_that_comes_back_empty_is_told_everything_again(desk: Desk) -> None:
    before = desk.now()
    desk.store.redis.flushdb()
    report(message="after the loss")
    frame = desk.seen(lambda snapshot: snapshot.message == "after the loss")[-1]
    assert frame.seq > before.seq
    wait_for(lambda: desk.store.run(desk.store.calls.spec(desk.spec.job_id)) == desk.spec, 15, "the spec put back")
    assert desk.store.redis.zscore(keys.INDEX, desk.spec.job_id)


@pytest.mark.timeout(60)
def test_the_end_of_a_job_waits_for_a_redis_that_is_away(redis_server: RedisServer, redis_url: str) -> None:
    desk = Desk(redis_url)
    desk.reporter.start()
    redis_server.kill()
    ending = threading.Thread(target=desk.reporter.finish, args=("1",))
    ending.start()
    try:
        assert ending.is_alive()
    finally:
        redis_server.start()
        redis_server.wait_ready(10)
    ending.join(20)
    assert not ending.is_alive()
    assert (desk.now().status, desk.now().result) == ("finished", 1)


def test_a_write_whose_answer_got_lost_is_not_told_twice(redis_url: str) -> None:
    with Proxy(redis_url) as proxy:
        desk = Desk(redis_url, proxied=proxy.url)
        desk.reporter.start()
        set_process_job(desk.reporter)
        try:
            # All of redis-py's own repeats, too.
            proxy.lose_replies(5, to=b"after the loss")
            report(message="after the loss")
            metric(loss=1)
            wait_for(lambda: proxy.lost == 5, 20, "the answers are lost")
            desk.reporter.finish("null")
        finally:
            set_process_job(None)
        assert desk.points() == [["loss", 1]]
        seqs = [json.loads(entry[b"snapshot"])["seq"] for entry in desk.events()]
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_cancel_stops_a_loop_of_quick_steps_at_its_next_one(desk: Desk) -> None:
    asked = '{"requested":"cancel","by":"ann","at":""}'
    with pytest.raises(JobCanceled):
        for n in track(count()):
            if n == 1_000:
                desk.store.run(desk.store.calls.control(desk.spec.job_id, "cancel", asked, request="c"))
    desk.reporter.cancel()
    assert desk.now().status == "canceled"


def test_a_pause_that_is_taken_back_before_it_could_be_acknowledged_lets_the_job_go_on(redis_url: str) -> None:
    desk = Desk(redis_url)
    # Not started, so that nobody acknowledges in between.
    desk.reporter._heed(Answer("ok", 3, 1, "pause", 0.0))
    job = threading.Thread(target=desk.reporter.checkpoint, daemon=True)
    job.start()
    wait_for(lambda: desk.reporter._gate.shut, 15, "the job stands at its step")
    desk.reporter._heed(Answer("ok", 4, 1, "", 0.0))
    job.join(15)
    assert not job.is_alive()


def test_a_pause_that_redis_forgot_while_the_job_came_to_its_step_is_acknowledged(redis_url: str) -> None:
    desk = Desk(redis_url)
    desk.reporter.start()
    desk.store.redis.flushdb()
    desk.reporter._heed(Answer("ok", 3, 1, "pause", 0.0))
    job = threading.Thread(target=desk.reporter.checkpoint, daemon=True)
    job.start()
    wait_for(lambda: desk.store.read(desk.spec.job_id) is not None, 15, "the job is put back")
    wait_for(lambda: desk.now().status == "paused", 15, "it is paused")
    assert job.is_alive()
    asked = '{"requested":"resume","by":"ann","at":""}'
    desk.store.run(desk.store.calls.control(desk.spec.job_id, "resume", asked, request="c"))
    job.join(15)
    assert not job.is_alive()
    desk.reporter.finish("null")
