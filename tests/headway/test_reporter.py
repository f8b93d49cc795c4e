"""The reporter of a running attempt, on a real Redis."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, Self
from uuid import uuid4

import pytest
from redis import Redis

from headway import body, keys
from headway.clock import utc_now
from headway.context import current_job, set_process_job
from headway.errors import AttemptOver, JobCanceled
from headway.reporter import Reporter
from headway.reporting import checkpoint, log, metric, phase, report, track
from headway.settings import Settings
from headway.snapshot import JobError, Snapshot, Spec
from headway.stack.redis_server import RedisServer
from headway.store import Store
from headway.store.calls import Holder
from tests.closing import AFTER_TEST
from tests.headway.proxy import Proxy
from tests.wait import wait_for


class Desk:
    """A job with its reporter, and what a watcher has seen of it."""

    def __init__(self, redis_url: str, *, proxied: str | None = None, **settings: Any) -> None:
        self.settings = Settings(HEADWAY_REDIS_URL=proxied or redis_url, **settings)
        self.store = Store(self.settings)
        self.spec = Spec(job_id=uuid4().hex[:12], task="t", owner="ann", created_at=utc_now())
        self.watcher = Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)
        self.watcher.subscribe(keys.updates(self.spec.job_id))
        self.store.run(self.store.calls.create(self.spec, body.queued(self.spec), request="r"))
        self.reporter = self.another_reporter()
        AFTER_TEST.append(self.close)

    def close(self) -> None:
        self.watcher.close()
        self.watcher.connection_pool.disconnect()
        self.store.close()

    def another_reporter(self) -> Reporter:
        return Reporter(self.store, self.settings, self.spec, Holder(self.spec.job_id, 1, uuid4().hex, "ann"), "w")

    def now(self) -> Snapshot:
        stored = self.store.read(self.spec.job_id)
        assert stored is not None
        return stored.snapshot

    def seen(self, until: Callable[[Snapshot], bool]) -> list[Snapshot]:
        """Every frame published up to the first one that `until` accepts."""
        frames: list[Snapshot] = []

        def arrived() -> bool:
            message = self.watcher.get_message(timeout=0.05)
            if message is not None:
                frames.append(Snapshot.model_validate_json(message["data"]))
            return bool(frames) and until(frames[-1])

        wait_for(arrived, 5, "the awaited frame")
        return frames


class LoopsElsewhere:
    """Threads that stand in a loop each, at its first of two steps, while the block lasts."""

    def __init__(self, n: int) -> None:
        self._inside, self._leave = threading.Barrier(n + 1), threading.Event()
        self._threads = [threading.Thread(target=self._loop, args=(f"loop {i}",)) for i in range(n)]

    @property
    def alive(self) -> int:
        return sum(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._inside.wait(5)
        return self

    def __exit__(self, *error: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _loop(self, desc: str) -> None:
        for i in track(range(2), desc=desc):
            if i == 0:
                self._inside.wait(5)
                self._leave.wait(5)


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    desk = Desk(redis_url)
    assert desk.reporter.start().accepted
    set_process_job(desk.reporter)
    yield desk
    set_process_job(None)
    if not desk.now().status.terminal:
        desk.reporter.cancel()
    assert "headway-flush" not in {thread.name for thread in threading.enumerate()}


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


def test_a_running_job_never_says_100_and_never_goes_back(desk: Desk) -> None:
    for percent in (40, 10, 250, float("nan")):
        report(percent=percent, message=str(percent))
        frames = desk.seen(lambda snapshot, said=str(percent): snapshot.message == said)
        assert frames[-1].percent == (99 if percent == 250 or percent != percent else 40)


def test_an_unknown_total_is_never_an_invented_percent(desk: Desk) -> None:
    for i in track(iter(range(5)), desc="rows", unit="row"):
        if i == 3:
            break
    report(message="broken off")
    frame = desk.seen(lambda snapshot: snapshot.message == "broken off")[-1]
    assert (frame.n, frame.total, frame.percent, frame.fraction) == (3, None, 0, None)
    desk.reporter.fail(JobError())
    assert (desk.now().percent, desk.now().fraction) == (0, None)


def test_a_loop_that_ran_out_knows_its_total(desk: Desk) -> None:
    for _ in track(iter(range(5))):
        pass
    report(message="done")
    frame = desk.seen(lambda snapshot: snapshot.message == "done")[-1]
    assert (frame.n, frame.total, frame.percent, frame.fraction) == (5, 5, 99, 1.0)


def test_a_loop_far_inside_others_moves_the_snapshot(desk: Desk) -> None:
    for _ in track(range(1), desc="a"):
        for _ in track(range(1), desc="b"):
            for i in track(range(3), desc="c"):
                desk.seen(lambda snapshot, n=i: bool(snapshot.bars) and snapshot.bars[-1].n == n)


def test_the_loops_of_other_threads_are_bars_side_by_side(desk: Desk) -> None:
    with LoopsElsewhere(3) as loops:
        report(message="all there")
        frame = desk.seen(lambda snapshot: snapshot.message == "all there")[-1]
    assert sorted((bar.desc, bar.parent) for bar in frame.bars) == [(f"loop {i}", None) for i in range(3)]
    assert loops.alive == 0


def test_the_loops_of_a_pool_are_a_part_of_what_the_main_thread_waits_for(desk: Desk) -> None:
    for _ in track(range(2), desc="mine"):
        with LoopsElsewhere(2):
            report(message="all there")
            frame = desk.seen(lambda snapshot: snapshot.message == "all there")[-1]
        break
    assert (frame.bars[0].desc, frame.bars[0].parent) == ("mine", None)
    assert sorted((bar.desc, bar.parent) for bar in frame.bars[1:]) == [("loop 0", 1), ("loop 1", 1)]


def test_thousands_of_loops_one_after_the_other_cost_what_they_cost_one_by_one(desk: Desk) -> None:
    for _ in range(5_000):
        for _ in track([1]):
            pass
    report(message="done")
    frame = desk.seen(lambda snapshot: snapshot.message == "done")[-1]
    assert len(frame.bars) <= 64
    assert frame.fraction == 1.0


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


def test_nested_loops_are_bars_inside_one_another_and_share_one_percent(desk: Desk) -> None:
    for outer in track(range(2), desc="outer"):
        for inner in track(range(4), desc="inner"):
            if (outer, inner) == (1, 2):
                report(message="mark")
                frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert [(bar.desc, bar.n, bar.parent) for bar in frame.bars] == [("outer", 1, None), ("inner", 2, 1)]
    assert frame.percent == 75
    assert (frame.n, frame.total, frame.desc) == (1, 2, "outer")


def test_loops_one_after_the_other_share_the_percent_by_weight(desk: Desk) -> None:
    for _ in track(range(10), desc="load", weight=1):
        pass
    for i in track(range(10), desc="train", weight=3):
        if i == 5:
            report(message="mark")
            frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert frame.percent == 62


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

    wait_for(canceled, 5, "the cancel at a checkpoint")
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


def test_log_lines_go_to_their_own_stream_in_order(desk: Desk) -> None:
    log("one")
    log("two\x00é")
    desk.reporter.finish("null")
    lines = [
        line
        for _, entry in desk.store.redis.xrange(keys.LOGS)
        if entry[b"job"].decode() == desk.spec.job_id
        for _, line in json.loads(entry[b"lines"])
    ]
    assert lines == ["one", "two\ufffdé"]


def test_a_fault_in_a_value_is_said_once_in_the_log(desk: Desk) -> None:
    for _ in range(100):
        report(percent=float("nan"))
    desk.reporter.finish("null")
    entries = [entry[b"lines"].decode() for _, entry in desk.store.redis.xrange(keys.LOGS)]
    assert sum(text.count("NaN") for text in entries) == 1


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
    wait_for(lambda: desk.store.run(desk.store.calls.spec(desk.spec.job_id)) == desk.spec, 5, "the spec put back")
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


def events(desk: Desk) -> list[dict[bytes, bytes]]:
    entries = [entry for _, entry in desk.store.redis.xrange(keys.EVENTS)]
    return [entry for entry in entries if entry[b"job"] == desk.spec.job_id.encode()]


def points(desk: Desk) -> list[Any]:
    extras = [json.loads(entry[b"extra"]) for entry in events(desk) if b"extra" in entry]
    return [point[1:] for extra in extras for point in extra["points"]]


def test_every_metric_point_is_in_an_event_and_the_latest_in_the_snapshot(desk: Desk) -> None:
    for i in range(500):
        metric(loss=i, rate=float("nan"))
    desk.reporter.finish("null")
    assert points(desk) == [pair for i in range(500) for pair in (["loss", i], ["rate", None])]
    assert desk.now().metrics == {"loss": 499, "rate": None}


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
    assert points(desk) == [["loss", 1]]
    seqs = [json.loads(entry[b"snapshot"])["seq"] for entry in events(desk)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_phase_is_a_bar_and_weighs_what_was_declared(desk: Desk) -> None:
    with phase("load", weight=1, of=10):
        for i in track(range(2), desc="files"):
            if i == 1:
                report(message="mark")
                frame = desk.seen(lambda snapshot: snapshot.message == "mark")[-1]
    assert [(bar.desc, bar.parent, bar.percent) for bar in frame.bars] == [("load", None, 50), ("files", 1, 50)]
    assert (frame.percent, frame.n, frame.total, frame.desc) == (5, 1, 2, "files")
    with phase("fit", weight=9):
        report(message="fitting")
        frame = desk.seen(lambda snapshot: snapshot.message == "fitting")[-1]
    assert (frame.percent, frame.fraction) == (10, 0.1)


def test_a_job_that_says_nothing_is_at_what_its_loop_is_called(desk: Desk) -> None:
    assert desk.now().message == "starting..."
    for _ in track(range(2), desc="reading"):
        desk.seen(lambda snapshot: snapshot.message == "reading")
        break


def test_what_a_pool_of_threads_says_counts(desk: Desk) -> None:
    def work(i: int) -> None:
        metric(done=i)
        log(f"line {i}")

    with ThreadPoolExecutor(4) as pool:
        for _ in track(pool.map(work, range(200)), total=200):
            pass
    desk.reporter.finish("null")
    assert sorted(point[1] for point in points(desk)) == list(range(200))
    assert desk.now().n == 200


def test_a_cancel_stops_a_loop_of_quick_steps_at_its_next_one(desk: Desk) -> None:
    asked = '{"requested":"cancel","by":"ann","at":""}'
    with pytest.raises(JobCanceled):
        for n in track(count()):
            if n == 1_000:
                desk.store.run(desk.store.calls.control(desk.spec.job_id, "cancel", asked, request="c"))
    desk.reporter.cancel()
    assert desk.now().status == "canceled"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "x" * 10_000_000, b"\xff", object(), 10**400])
def test_no_value_breaks_the_job_or_its_snapshot(desk: Desk, value: Any) -> None:
    report(percent=value, message=value, n=value, total=value, unit=value)
    metric({value: value})
    log(value)
    for _ in track(range(2), desc=value, total=value, unit=value, weight=value):
        pass
    with phase(value, weight=value, of=value):
        pass
    report(percent=7, message="sound", n=0, total=0)
    desk.seen(lambda snapshot: snapshot.message == "sound")
    desk.reporter.finish("null")
    assert desk.now().status == "finished"
