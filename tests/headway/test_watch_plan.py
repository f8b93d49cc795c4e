"""What a watch decides, on a clock of its own."""

import pytest

from headway.client.plan import Connect, Move, Poll, Wait, WatchPlan
from headway.client.problems import unreachable
from headway.errors import ApiUnavailable, BadInput, JobNotFound, StillRunning
from headway.snapshot import Snapshot
from headway.status import Status

AWAY = unreachable("http://127.0.0.1:8000", "connection refused")


def plan(timeout_s: float | None = None) -> WatchPlan:
    return WatchPlan("j1", 0.0, timeout_s=timeout_s, draw=lambda: 1.0)


def body(seq: int, status: Status = Status.RUNNING) -> bytes:
    return Snapshot(job_id="j1", seq=seq, status=status).model_dump_json().encode()


def after_waits(watch: WatchPlan, now: float) -> tuple[Move, float]:
    """The next move that is no wait, and when it is due."""
    while isinstance(move := watch.next_move(now), Wait):
        now += move.seconds
    return move, now


def test_it_polls_first_and_then_follows_the_socket_from_there() -> None:
    watch = plan()
    assert watch.next_move(0.0) == Poll()
    watch.take_poll(200, {"headway-poll-after": "1"}, body(7), 0.1)
    assert watch.next_move(0.1) == Connect(7)


def without_a_socket(seq: int = 5, timeout_s: float | None = None) -> WatchPlan:
    """A plan at the moment at which a long-poll is due: the socket was refused four times, the next try is 8 s off."""
    watch = plan(timeout_s)
    watch.take_poll(200, {"headway-poll-after": "1"}, body(seq), 0.0)
    for _ in range(4):
        watch.connect_failed(1.0)
    return watch


def test_without_a_socket_it_asks_the_api_to_hold_the_answer_until_the_socket_is_tried_again() -> None:
    assert without_a_socket().next_move(1.0) == Poll(5, 8)
    assert Poll(5, 8).query == {"after": 5, "wait": 8}


def test_a_tag_is_sent_back_only_with_the_snapshot_it_was_of() -> None:
    watch = plan()
    watch.take_poll(200, {"etag": '"5-aa"'}, body(5), 0.0)
    assert watch.etag == '"5-aa"'
    watch.take_poll(304, {"etag": '"5-aa"'}, b"", 1.0)
    assert watch.etag == '"5-aa"'
    watch.take_frame(body(6), 2.0)
    assert watch.etag is None


def test_an_answer_that_was_held_back_is_followed_by_the_next_question_at_once() -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    watch.take_poll(304, {"headway-poll-after": "4"}, b"", 8.9)
    assert watch.next_move(8.9) == Poll(5, 1)


def test_news_is_followed_by_the_pause_that_the_api_asks_for() -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    watch.take_poll(200, {"headway-poll-after": "1"}, body(6), 3.0)
    assert after_waits(watch, 3.0) == (Poll(6, 5), 4.0)


def test_an_api_that_twice_does_not_hold_is_polled_at_its_cadence() -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    watch.take_poll(200, {"headway-poll-after": "3"}, body(5), 1.1)
    # Once alone may be one that was stopped just then.
    move, at = after_waits(watch, 1.1)
    assert (move.after, at) == (5, 4.1)
    assert move.hold_s > 0
    watch.take_poll(200, {"headway-poll-after": "3"}, body(5), 4.2)
    assert after_waits(watch, 4.2) == (Poll(), 7.2)


@pytest.mark.parametrize("http_status", [408, 425, 429, 404])
def test_what_a_proxy_says_for_the_moment_is_waited_out(http_status: int) -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    assert watch.take_poll(http_status, {"retry-after": "2"}, b"<h1>later</h1>", 1.1) is None
    assert after_waits(watch, 1.1)[1] >= 3.1


def test_a_driver_that_wants_to_be_back_soon_is_not_held_up() -> None:
    assert without_a_socket().next_move(1.0, 2.5) == Poll(5, 2)
    assert without_a_socket().next_move(1.0, 0.5) == Poll()


def test_an_answer_is_not_held_beyond_half_of_what_is_left_before_giving_up() -> None:
    assert without_a_socket(timeout_s=9.0).next_move(1.0) == Poll(5, 4)


def test_a_proxy_that_cuts_what_is_silent_is_asked_for_less() -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    watch.poll_failed(6.0, AWAY)
    for _ in range(3):
        watch.connect_failed(6.0)
    assert after_waits(watch, 6.0) == (Poll(5, 4), 6.5)


def test_an_api_that_is_away_at_once_is_asked_for_as_much_when_it_is_back() -> None:
    watch = without_a_socket()
    watch.next_move(1.0)
    watch.poll_failed(1.1, AWAY)
    for _ in range(3):
        watch.connect_failed(1.1)
    assert after_waits(watch, 1.1) == (Poll(5, 25), 1.6)


def test_snapshots_without_a_seq_are_numbered_as_they_differ() -> None:
    watch = plan()
    lesson = [b'{"job_id": "j1", "status": "running", "percent": %d}' % percent for percent in (0, 20, 20, 40)]
    seen = [watch.take_poll(200, {}, each, 0.0) for each in lesson]
    assert [shot and (shot.seq, shot.percent) for shot in seen] == [(1, 0), (2, 20), None, (3, 40)]


@pytest.mark.parametrize("timeout_s", [-1.0, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout_s: float) -> None:
    with pytest.raises(BadInput, match="timeout_s"):
        plan(timeout_s)


def test_a_refused_socket_leaves_the_polls_at_their_pace_and_is_tried_ever_more_rarely() -> None:
    watch, now, tried_at = plan(), 0.0, []
    watch.take_poll(200, {"headway-poll-after": "1"}, body(1), now)
    while len(tried_at) < 5:
        move, now = after_waits(watch, now)
        if isinstance(move, Poll):
            watch.take_poll(304, {"headway-poll-after": "1"}, b"", now)
        else:
            tried_at.append(now)
            watch.connect_failed(now)
    assert tried_at == [0.0, 1.0, 3.0, 7.0, 15.0]


def test_an_api_that_does_not_answer_is_not_asked_for_a_socket() -> None:
    watch, now = plan(), 0.0
    for _ in range(6):
        move, now = after_waits(watch, now)
        assert move == Poll()
        watch.poll_failed(now, AWAY)
    assert watch.away_s(now) == now == 0.5 + 1 + 2 + 4 + 8


def test_after_a_good_socket_the_next_one_is_tried_within_half_a_second_without_a_poll() -> None:
    watch = plan()
    watch.take_poll(200, {}, body(1), 0.0)
    watch.connected(0.0)
    watch.take_frame(body(2), 20.0)
    watch.closed(20.0, 1012, "")
    assert after_waits(watch, 20.0) == (Connect(2), 20.5)


def test_a_socket_that_ends_at_once_counts_as_refused() -> None:
    watch = plan()
    watch.take_poll(200, {"headway-poll-after": "3"}, body(1), 0.0)
    watch.connected(0.0)
    watch.closed(0.1, 1013, "try again later")
    assert after_waits(watch, 0.1) == (Connect(1), 1.1)


def test_a_socket_that_was_lost_without_a_word_is_followed_by_a_poll() -> None:
    watch = plan()
    watch.take_poll(200, {}, body(1), 0.0)
    watch.connected(0.0)
    watch.closed(40.0, None, "")
    assert isinstance(watch.next_move(40.0), Poll)


def test_a_job_that_vanished_is_given_five_seconds_to_come_back() -> None:
    watch = plan()
    watch.take_poll(200, {}, body(1), 0.0)
    gone = b'{"type": "urn:headway:job-not-found", "detail": "job not found"}'
    watch.take_poll(404, {}, gone, 1.0)
    watch.take_poll(404, {}, gone, 5.9)
    with pytest.raises(JobNotFound):
        watch.take_poll(404, {}, gone, 6.0)


def test_the_time_without_an_answer_counts_from_the_last_one() -> None:
    watch = plan(timeout_s=10)
    watch.take_poll(200, {}, body(1), 100.0)
    watch.poll_failed(105.0, AWAY)
    assert watch.time_left_s(105.0, 60.0) == 5.0
    assert isinstance(watch.next_move(109.0), Poll)
    with pytest.raises(ApiUnavailable, match="make run"):
        watch.next_move(110.0)


def test_what_was_waited_for_in_vain_is_the_job_or_the_api() -> None:
    watch = plan(timeout_s=10)
    watch.take_poll(200, {}, body(1), 3.0)
    assert isinstance(watch.overdue(10.0, 10.0), StillRunning)
    watch.poll_failed(9.0, AWAY)
    assert watch.overdue(10.0, 10.0) is AWAY


def test_retry_after_is_obeyed() -> None:
    watch = plan()
    watch.take_poll(503, {"retry-after": "7"}, b"", 0.0)
    assert after_waits(watch, 0.0) == (Poll(), 7.0)


def test_the_terminal_snapshot_ends_it() -> None:
    watch = plan()
    assert watch.take_frame(body(3, Status.CANCELED), 0.0) is not None
    assert watch.over
