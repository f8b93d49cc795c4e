"""Waiting jobs know their place and how long they may have to wait."""

import pytest

from headway import body, keys
from headway.positions import PLACES, Drain, Positions
from headway.store.calls import Holder
from tests.headway.test_silence import Time
from tests.worker.floor import Floor


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def positions(floor: Floor, time: Time) -> Positions:
    return Positions(floor.store, time)


def look(positions: Positions, floor: Floor) -> None:
    """Look once, although it was done just now."""
    floor.store.redis.delete(keys.POSITIONS_TURN)
    positions.look(floor.engine.queues())


def take(floor: Floor, count: int = 1) -> None:
    floor.store.redis.lpop("rq:queue:headway-default", count)


def test_a_drain_is_what_was_taken_in_the_time_that_was_watched(time: Time) -> None:
    drain = Drain(time)
    assert drain.look(["a", "b", "c"]) is None
    time.now_s += 10
    assert drain.look(["a", "b", "c", "d"]) is None
    time.now_s += 10
    assert drain.look(["c", "d"]) == 2 / 20
    time.now_s += 300
    assert drain.look([]) == 4 / 320
    # Nothing waits: that says nothing of how fast it would be taken.
    time.now_s += 10_000
    assert drain.look(["e"]) == 4 / 320
    time.now_s += 601
    assert drain.look(["e"]) is None


def test_jobs_know_their_places_and_no_wait_before_any_was_taken(floor: Floor, positions: Positions) -> None:
    jobs = [floor.submit("add", a=1, b=2) for _ in range(3)]
    look(positions, floor)
    assert [(floor.now(job_id).position, floor.now(job_id).wait_s) for job_id in jobs] == [(n, None) for n in range(3)]
    assert [floor.now(job_id).status for job_id in jobs] == ["queued"] * 3


def test_the_expected_wait_follows_from_how_fast_jobs_were_taken(
    floor: Floor, positions: Positions, time: Time
) -> None:
    jobs = [floor.submit("add", a=1, b=2) for _ in range(5)]
    look(positions, floor)
    take(floor, 2)
    time.now_s += 20
    look(positions, floor)
    assert [(floor.now(job_id).position, floor.now(job_id).wait_s) for job_id in jobs[2:]] == [
        (0, 10),
        (1, 20),
        (2, 30),
    ]


def test_what_did_not_change_is_not_written_again(floor: Floor, positions: Positions, time: Time) -> None:
    job_id = floor.submit("add", a=1, b=2)
    look(positions, floor)
    seq = floor.now(job_id).seq
    time.now_s += 10
    look(positions, floor)
    assert floor.now(job_id).seq == seq


def test_only_the_first_hundred_are_told_and_who_falls_back_is_told_nothing(floor: Floor, positions: Positions) -> None:
    jobs = [floor.submit("add", job_id=f"place-{n}", a=1, b=2) for n in range(PLACES + 1)]
    look(positions, floor)
    assert [floor.now(job_id).position for job_id in jobs] == [*range(PLACES), None]
    # As a worker does that leaves it to others.
    take(floor)
    floor.store.redis.rpush("rq:queue:headway-default", jobs[0])
    look(positions, floor)
    assert [floor.now(job_id).position for job_id in jobs] == [None, *range(PLACES)]


def test_a_job_that_begins_has_no_place_and_several_monitors_take_turns(floor: Floor, positions: Positions) -> None:
    one, two = (floor.submit("add", a=1, b=2) for _ in range(2))
    look(positions, floor)
    take(floor)
    other = Positions(floor.store)
    other.look(floor.engine.queues())
    assert (floor.now(one).position, floor.now(two).position) == (0, 1)
    look(positions, floor)
    assert (floor.now(one).position, floor.now(two).position) == (None, 0)
    assert 4_000 < floor.store.redis.pttl(keys.POSITIONS_TURN) <= 5_000


def test_an_entry_of_a_job_that_runs_is_no_place(floor: Floor, positions: Positions) -> None:
    job_id = floor.submit("add", a=1, b=2)
    spec = floor.store.run(floor.store.calls.spec(job_id))
    assert spec is not None
    started = body.queued(spec) | {"status": "started"}
    floor.store.run(floor.store.calls.start(Holder(job_id, 1, "t"), 1, started))
    look(positions, floor)
    assert (floor.now(job_id).status, floor.now(job_id).position) == ("started", None)
