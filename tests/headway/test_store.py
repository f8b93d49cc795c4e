"""The store's contracts one by one: fence, ownership, repeats, life and the adoption of lesson writers."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from headway import body, keys
from headway.clock import utc_now
from headway.errors import InvalidJobId, RedisUnavailable, Unreadable
from headway.settings import Settings
from headway.snapshot import EndedAttempt, Spec
from headway.store import Answer, AsyncStore, Store
from headway.store.calls import Call, Flag, Holder
from headway.store.connect import away
from headway.store.stored import own
from tests.headway.proxy import Proxy


class Desk:
    """One job in a store, written to by hand."""

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url
        self.store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
        self.redis = self.store.redis
        self.spec = Spec(job_id=uuid4().hex[:12], task="t", owner="ann", created_at=utc_now())
        self.job_id = self.spec.job_id

    def create(self, request: str = "r") -> Answer:
        return self.store.run(self.store.calls.create(self.spec, body.queued(self.spec), request=request))

    def start(self, token: str, attempt: int = 1, counter: int = 1) -> Answer:
        return self.store.run(self.store.calls.start(self.holder(token, attempt), counter, self.members("started")))

    def write(
        self,
        token: str,
        counter: int,
        given: int,
        status: str = "running",
        *,
        attempt: int = 1,
        flag: Flag = "",
        **more: Any,
    ) -> Answer:
        members = self.members(status, **more)
        return self.store.run(self.store.calls.write(self.holder(token, attempt), counter, given, members, flag=flag))

    def ask(self, asked: Any) -> Answer:
        control = json.dumps({"requested": asked, "by": "ann", "at": utc_now()})
        return self.store.run(self.store.calls.control(self.job_id, asked, control, request=uuid4().hex))

    def members(self, status: str, **more: Any) -> body.Members:
        return body.queued(self.spec) | {"status": status} | more

    def holder(self, token: str, attempt: int = 1) -> Holder:
        return Holder(self.job_id, attempt, token, "ann")

    def stored(self) -> dict[str, Any]:
        found = self.store.read(self.job_id)
        assert found is not None
        return dict(json.loads(found.raw))


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    desk = Desk(redis_url)
    yield desk
    desk.store.close()


def test_every_write_raises_seq_by_one_and_publishes_what_it_stored(desk: Desk) -> None:
    listener = desk.redis.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(keys.updates(desk.job_id))
    listener.get_message(timeout=1)
    assert [desk.create().seq, desk.start("a").seq, desk.write("a", 2, 2).seq] == [1, 2, 3]
    frames = [message["data"] for message in iter(lambda: listener.get_message(timeout=0.2), None)]
    assert [json.loads(frame)["seq"] for frame in frames] == [1, 2, 3]
    assert frames[-1] == desk.redis.get(keys.snapshot(desk.job_id))


def test_a_taken_id_is_refused_but_a_repeated_create_is_answered_as_the_first(desk: Desk) -> None:
    assert desk.create("r").code == "ok"
    assert desk.create("r").code == "ok"
    assert desk.create("another").code == "exists"
    desk.redis.set(keys.snapshot("lesson"), "{}")
    desk.spec = desk.spec.model_copy(update={"job_id": "lesson"})
    assert desk.create("r").code == "exists"


def test_one_token_holds_an_attempt_until_it_is_released(desk: Desk) -> None:
    desk.create()
    assert desk.start("a").code == "ok"
    assert desk.start("b").code == "fenced"
    release = desk.store.calls.change(
        desk.job_id, 2, desk.members("queued"), request="r2", flags=frozenset({"release"})
    )
    assert desk.store.run(release).code == "ok"
    assert desk.write("a", 2, 2).code == "fenced"
    assert desk.start("b").code == "ok"
    assert desk.write("a", 2, 2).code == "fenced"


def test_a_held_or_canceled_job_does_not_start(desk: Desk) -> None:
    desk.create()
    desk.ask("pause")
    assert desk.start("a").code == "held"
    desk.ask("cancel")
    assert desk.start("a").code == "canceled"


def test_a_pause_that_is_taken_back_lets_the_job_start(desk: Desk) -> None:
    desk.create()
    desk.ask("pause")
    assert desk.ask("").code == "ok"
    assert desk.start("a").code == "ok"


def test_a_pause_can_be_taken_back_only_until_it_is_acknowledged(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.ask("pause")
    assert desk.write("a", 2, 3, status="paused", flag="acknowledge").code == "ok"
    assert desk.ask("").code == "stale"


def test_a_pause_that_redis_forgot_before_it_was_acknowledged_is_one(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.ask("pause")
    desk.redis.flushdb()
    assert desk.write("a", 2, 3, "paused", flag="acknowledge").code == "restored"
    assert (desk.stored()["status"], desk.stored()["control"]) == ("paused", None)


def test_a_cancel_asked_of_a_redis_that_came_back_older_is_not_lost_by_acknowledging_a_pause(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.ask("cancel")
    answer = desk.write("a", 2, 9, "paused", flag="acknowledge")
    assert (answer.code, answer.asked) == ("withdrawn", "cancel")


@pytest.mark.parametrize("asked", ["", "pause", "resume"])
def test_nothing_that_is_asked_takes_a_cancel_back(desk: Desk, asked: str) -> None:
    desk.create()
    desk.start("a")
    desk.ask("cancel")
    assert desk.ask(asked).code == "stale"
    assert desk.stored()["control"]["requested"] == "cancel"


def test_the_terminal_snapshot_absorbs_every_later_write(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    assert desk.write("a", 2, 2, "finished").code == "ok"
    before = desk.stored()
    assert desk.write("a", 3, 3, "failed").code == "over"
    assert desk.start("b").code == "over"
    assert desk.ask("cancel").code == "over"
    assert desk.store.run(desk.store.calls.change(desk.job_id, 3, desk.members("failed"), request="x")).code == "over"
    assert desk.stored() == before


def test_the_next_attempt_fences_the_one_before_even_if_that_knows_an_older_redis(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    ended = EndedAttempt(attempt=1, status="failed")
    call = desk.store.calls.write(desk.holder("a"), 2, 2, desk.members("queued"), flag="next", ended=ended)
    assert (desk.store.run(call).code, desk.stored()["attempt"]) == ("ok", 2)
    assert desk.start("b", attempt=1).code == "over"
    assert desk.start("b", attempt=2).code == "ok"
    assert desk.write("a", 3, 900).code == "over"
    assert desk.stored()["status"] == "started"


def test_a_request_leaves_progress_alone_and_progress_leaves_a_request_alone(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.write("a", 2, 2, percent=40, fraction=0.1 + 0.2, result=[], metrics={}, message='é "\\ \u2028')
    progress = desk.stored()
    desk.ask("pause")
    asked = desk.stored()
    changed = {name for name in asked if asked[name] != progress[name]}
    assert changed <= {"seq", "control", "updated_at"}
    assert asked["control"]["requested"] == "pause"
    answer = desk.write("a", 3, 3, percent=41)
    assert (answer.asked, desk.stored()["control"]) == ("pause", asked["control"])
    desk.write("a", 4, 5, "paused", flag="acknowledge")
    assert desk.stored()["control"] is None


def test_the_word_that_a_job_goes_on_leaves_a_pause_alone_that_was_asked_for_since(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.ask("pause")
    desk.write("a", 2, 3, "paused", flag="acknowledge")
    desk.ask("resume")
    desk.ask("pause")

    answer = desk.write("a", 3, 6, "running", flag="acknowledge")

    assert (answer.code, answer.asked) == ("ok", "pause")
    assert desk.stored()["control"]["requested"] == "pause"


def test_while_a_signal_pause_is_held_a_running_write_is_refused(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    calls = desk.store.calls
    desk.store.run(calls.change(desk.job_id, 2, desk.members("paused"), request="p", flags=frozenset({"hold"})))
    assert desk.write("a", 2, 2).code == "held"
    lift = calls.change(
        desk.job_id, 3, desk.members("running"), request="q", flags=frozenset({"resume"}), paused_s=12.5
    )
    assert desk.store.run(lift).code == "ok"
    assert desk.write("a", 2, 2).paused_s == 12.5


def test_a_change_against_an_old_seq_is_stale_and_its_repeat_is_not_a_second_one(desk: Desk) -> None:
    desk.create()
    desk.ask("pause")
    calls = desk.store.calls
    assert desk.store.run(calls.change(desk.job_id, 1, desk.members("failed"), request="c")).code == "stale"
    call = calls.change(desk.job_id, 2, desk.members("failed"), request="d")
    assert [desk.store.run(call).seq, desk.store.run(call).seq] == [3, 3]


@pytest.mark.parametrize("lost", ["finished", "running"])
def test_a_write_whose_reply_was_lost_counts_once(desk: Desk, tmp_path: Any, lost: str) -> None:
    desk.create()
    desk.start("a")
    with Proxy(desk.url) as proxy:
        through = Store(Settings(HEADWAY_REDIS_URL=proxy.url))
        through.redis.ping()
        proxy.lose_replies(1, to=b"EVALSHA")
        answer = through.run(desk.store.calls.write(desk.holder("a"), 2, 2, desk.members(lost)))
        assert proxy.lost == 1
        through.close()
    assert (answer.code, answer.seq, desk.stored()["seq"]) == ("ok", 3, 3)
    assert desk.redis.xlen(keys.EVENTS) == 3


def test_seq_never_runs_backwards_on_a_redis_that_comes_back_older(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    older = {key: desk.redis.dump(key) for key in desk.redis.keys()}
    for counter in range(2, 8):
        desk.write("a", counter, counter)
    desk.redis.flushdb()
    for key, value in older.items():
        desk.redis.restore(key, 0, value)
    assert desk.write("a", 8, 8).seq == 9


def test_an_older_redis_does_not_bring_back_an_attempt_that_had_ended(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.write("a", 2, 2, "finished")
    assert desk.write("b", 1, 900, attempt=1).code == "over"
    assert desk.write("b", 1, 900, attempt=2).code == "ok"


def test_an_empty_redis_takes_the_running_attempt_again_with_its_spec(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.redis.flushdb()
    answer = desk.write("a", 2, 2)
    assert (answer.code, answer.seq) == ("restored", 3)
    assert desk.store.run(desk.store.calls.restore(desk.spec)).code == "ok"
    assert desk.store.run(desk.store.calls.spec(desk.job_id)) == desk.spec
    assert desk.redis.zscore(keys.owner_index("ann"), desk.job_id)


def test_a_deleted_job_stays_deleted_whoever_writes(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    assert desk.store.run(desk.store.calls.delete(desk.job_id, "ann")).code == "running"
    desk.write("a", 2, 2, "finished")
    assert desk.store.run(desk.store.calls.delete(desk.job_id, "ann")).code == "ok"
    assert desk.write("a", 3, 900).code == "gone"
    assert desk.create("again").code == "gone"
    desk.redis.set(keys.snapshot(desk.job_id), '{"status":"running"}')
    assert desk.store.read(desk.job_id) is None
    assert desk.redis.zscore(keys.INDEX, desk.job_id) is None
    assert list(desk.redis.keys("job:*")) == [keys.state(desk.job_id).encode()]


def test_a_heartbeat_renews_life_and_lease_and_nothing_else(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    before = (desk.redis.get(keys.snapshot(desk.job_id)), desk.redis.xlen(keys.EVENTS))
    desk.redis.pexpire(keys.spec(desk.job_id), 1_000)
    assert desk.store.run(desk.store.calls.heartbeat(desk.holder("a"), 2, "reporter")).code == "ok"
    assert (desk.redis.get(keys.snapshot(desk.job_id)), desk.redis.xlen(keys.EVENTS)) == before
    assert desk.redis.pttl(keys.spec(desk.job_id)) > 1_000
    assert desk.redis.hget(keys.lease(desk.job_id), "reporter") == b"1"
    assert desk.store.run(desk.store.calls.heartbeat(desk.holder("b"), 2, "reporter")).code == "fenced"


def test_every_accepted_write_is_an_event_with_a_number_without_holes(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.write("a", 2, 2)
    desk.ask("pause")
    entries = [entry for _, entry in desk.redis.xrange(keys.EVENTS)]
    assert [int(entry[b"n"]) for entry in entries] == [1, 2, 3, 4]
    assert [json.loads(entry[b"snapshot"])["seq"] for entry in entries] == [1, 2, 3, 4]


def test_the_list_of_attempts_has_a_life_as_soon_as_it_is_there(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    ended = EndedAttempt(attempt=1, status="failed")
    desk.store.run(desk.store.calls.write(desk.holder("a"), 2, 2, desk.members("queued"), flag="next", ended=ended))
    assert desk.redis.pttl(keys.attempts(desk.job_id)) > 0


def test_of_many_attempts_the_last_twenty_are_kept(desk: Desk) -> None:
    desk.create()
    for attempt in range(1, 24):
        token = f"t{attempt}"
        seq = desk.start(token, attempt).seq
        ended = EndedAttempt(attempt=attempt, status="failed")
        call = desk.store.calls.write(
            desk.holder(token, attempt), 2, seq, desk.members("queued"), flag="next", ended=ended
        )
        assert desk.store.run(call).code == "ok"
    kept = desk.store.run(desk.store.calls.attempts(desk.job_id))
    assert [ended.attempt for ended in kept] == list(range(4, 24))


def test_a_restoring_write_whose_reply_was_lost_is_still_told_to_restore(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    desk.redis.flushdb()
    assert [desk.write("a", 2, 2).code, desk.write("a", 2, 2).code] == ["restored", "restored"]
    desk.store.run(desk.store.calls.restore(desk.spec))
    assert desk.write("a", 2, 2).code == "ok"


def test_a_redis_that_is_busy_with_somebodys_script_is_unavailable(desk: Desk) -> None:
    assert isinstance(away(ResponseError("BUSY Redis is busy running a script.")), RedisUnavailable)
    assert away(ResponseError("WRONGTYPE Operation against a key")) is None


def test_what_headway_wrote_is_passed_on_byte_by_byte_whatever_it_says(desk: Desk) -> None:
    desk.create()
    desk.start("a")
    members = {"message": 'né "\\ \u2028 "result":', "result": {"error": ["x"]}, "heartbeat_at": utc_now()}
    desk.write("a", 2, 2, **members, percent=100)
    desk.ask("pause")
    desk.write("a", 3, 4, "failed", error={"type": "E", "detail": '"}'})
    frames = [entry[b"snapshot"] for _, entry in desk.redis.xrange(keys.EVENTS)]
    assert [json.loads(frame)["seq"] for frame in frames] == [1, 2, 3, 4, 5]
    # The very same object: one that had to be looked at member by member is written anew.
    assert all(own(desk.job_id, frame).raw is frame for frame in frames)


LESSON = '{"job_id": "%s", "status": "running", "percent": 100, "message": "né", "result": [], "error": null}'


def test_a_lesson_writers_snapshot_is_delivered_as_written_with_the_missing_members_beside_it(desk: Desk) -> None:
    desk.redis.set(keys.snapshot(desk.job_id), LESSON % desk.job_id)
    members = desk.stored()
    assert (members["percent"], members["message"], members["result"]) == (100, "né", [])
    assert (members["seq"], members["attempt"], members["bars"], members["updated_at"]) == (1, 1, [], "")
    assert desk.redis.get(keys.snapshot(desk.job_id)) == (LESSON % desk.job_id).encode()
    assert desk.redis.pttl(keys.snapshot(desk.job_id)) > 0
    assert desk.redis.zscore(keys.INDEX, desk.job_id)


def test_lesson_snapshots_get_the_next_seq_when_they_differ_and_an_attempt_after_an_end(desk: Desk) -> None:
    seen = []
    for status in ("queued", "queued", "failed", "running", "finished"):
        desk.redis.set(keys.snapshot(desk.job_id), json.dumps({"job_id": desk.job_id, "status": status}))
        members = desk.stored()
        seen.append((members["seq"], members["attempt"]))
    assert seen == [(1, 1), (1, 1), (2, 1), (3, 2), (4, 2)]
    assert desk.redis.xlen(keys.EVENTS) == 4


def test_a_lesson_snapshot_written_again_unchanged_keeps_a_life(desk: Desk) -> None:
    for _ in range(2):
        desk.redis.set(keys.snapshot(desk.job_id), LESSON % desk.job_id)
        assert desk.stored()["seq"] == 1
        assert desk.redis.pttl(keys.snapshot(desk.job_id)) > 0


def test_everybody_who_meets_a_lesson_snapshot_sees_the_same_seq(desk: Desk) -> None:
    async def read_from(loop_count: int) -> set[int]:
        stores = [AsyncStore(Settings(HEADWAY_REDIS_URL=desk.url)) for _ in range(loop_count)]
        found = await asyncio.gather(*(store.read(desk.job_id) for store in stores for _ in range(5)))
        for store in stores:
            await store.close()
        return {stored.seq for stored in found if stored is not None}

    for i in range(1, 4):
        desk.redis.set(keys.snapshot(desk.job_id), json.dumps({"status": "running", "percent": i}))
        assert asyncio.run(read_from(4)) == {i}


NO_SNAPSHOTS = [
    b"\xff\xfe", b"not json", b"[1]", b'"text"', b"{", b"", b'{"status":"stopped"}', b'{"status":7}', b'{"bars":3}',
    b'\xef\xbb\xbf{"status":"finished"}',
]  # fmt: skip


@pytest.mark.parametrize("bytes_stored", NO_SNAPSHOTS)
def test_what_is_no_snapshot_is_said_to_be_unreadable(desk: Desk, bytes_stored: bytes) -> None:
    desk.redis.set(keys.snapshot(desk.job_id), bytes_stored)
    with pytest.raises(Unreadable, match="cannot be read"):
        desk.store.read(desk.job_id)


def test_a_key_of_another_type_is_an_unknown_job(desk: Desk) -> None:
    desk.redis.rpush(keys.snapshot(desk.job_id), "x")
    assert desk.store.read(desk.job_id) is None


@pytest.mark.parametrize("job_id", ["", "a/b", "a" * 65, "a b", "ä", "a\n", "../x"])
def test_an_impossible_id_never_becomes_a_key(desk: Desk, job_id: str) -> None:
    with pytest.raises(InvalidJobId):
        desk.store.calls.delete(job_id, None)


def test_a_redis_that_does_not_answer_is_unavailable(tmp_path: Any) -> None:
    with pytest.raises(RedisUnavailable):
        Store(Settings(HEADWAY_REDIS_URL=f"unix://{tmp_path}/nobody.sock")).read("a")


def test_a_redis_that_is_full_is_unavailable_by_script_and_by_pipeline(desk: Desk) -> None:
    desk.redis.config_set("maxmemory", 1)
    desk.redis.config_set("maxmemory-policy", "noeviction")
    try:
        with pytest.raises(RedisUnavailable, match="maxmemory"):
            desk.create()
        with pytest.raises(RedisUnavailable, match="maxmemory"):
            desk.store.run(Call(len, commands=(("SET", "x", "1"),)))
    finally:
        desk.redis.config_set("maxmemory", 0)


def test_many_writers_at_once_leave_one_line_of_seqs(desk: Desk) -> None:
    desk.create()
    desk.start("a")

    def ask_often() -> None:
        store = Store(Settings(HEADWAY_REDIS_URL=desk.url))
        for _ in range(50):
            store.run(store.calls.control(desk.job_id, "pause", '{"requested":"pause"}', request=uuid4().hex))
        store.close()

    threads = [threading.Thread(target=ask_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for counter in range(2, 52):
        desk.write("a", counter, counter, percent=counter)
    for thread in threads:
        thread.join()
    with Redis.from_url(desk.url) as redis:
        seqs = [json.loads(entry[b"snapshot"])["seq"] for _, entry in redis.xrange(keys.EVENTS)]
    assert seqs == list(range(1, 253))
