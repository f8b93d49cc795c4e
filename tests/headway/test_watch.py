"""The blocking client's watch against a real server that plays what the API may say."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from headway.client import Client
from headway.errors import ApiUnavailable, HeadwayError, JobNotFound, NotAllowed, NotSignedIn
from tests.headway.scripted_api import ScriptedApi, problem, shot
from tests.ports import free_port
from tests.wait import wait_for


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with Client(api.url, user="ada") as client:
        yield client


class Watcher:
    """A watch in a thread of its own, and the seqs it has yielded so far."""

    def __init__(self, client: Client, **options: Any) -> None:
        self.watch = client.watch("j1", **options)
        self.seqs: list[int] = []
        self.error: HeadwayError | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            for snapshot in self.watch:
                self.seqs.append(snapshot.seq)
        except HeadwayError as error:
            self.error = error

    def reach(self, seq: int) -> None:
        wait_for(lambda: seq in self.seqs, 10, f"seq {seq} was yielded")

    def end(self) -> list[int]:
        self.thread.join(15)
        assert not self.thread.is_alive()
        return self.seqs


def test_a_watch_that_starts_late_yields_the_last_snapshot_at_once_and_ends(api: ScriptedApi, client: Client) -> None:
    api.put(shot(9, "finished", percent=100, result=42))
    (last,) = client.watch("j1")
    assert (last.seq, last.result) == (9, 42)
    assert api.socket_queries == []


def test_a_watch_follows_the_socket_from_the_snapshot_it_has(api: ScriptedApi, client: Client) -> None:
    api.put(shot(3))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.put(shot(4))
    watcher.reach(4)
    api.put(shot(5, "finished"))
    assert watcher.end() == [3, 4, 5]
    assert api.socket_queries == [{"after": "3"}]
    assert len(api.polls("j1")) == 1


def test_a_watch_yields_only_larger_seqs_and_leaves_out_what_is_no_snapshot(api: ScriptedApi, client: Client) -> None:
    api.put(shot(5))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    for snapshot in (shot(5), shot(4), shot(7), shot(6)):
        api.put(snapshot)
    api.frame("j1", b"half a fra")
    api.put(shot(8, "finished"))
    assert watcher.end() == [5, 7, 8]
    assert watcher.watch.dropped == 1


@pytest.mark.parametrize("refuse_sockets", [False, True])
def test_an_api_that_numbers_no_snapshot_as_the_lessons_is_followed_too(
    api: ScriptedApi, client: Client, refuse_sockets: bool
) -> None:
    def frame(n: int, status: str) -> None:
        api.frame("j1", b'{"job_id":"j1","status":"%b","percent":%d}' % (status.encode(), n), seq=n)

    api.refuse_sockets = refuse_sockets
    frame(20, "running")
    watcher = Watcher(client)
    watcher.reach(1)
    wait_for(lambda: api.socket_queries, 10, "it tries the socket")
    for n in (40, 60):
        frame(n, "running")
        watcher.reach(2 if n == 40 else 3)
    frame(100, "finished")
    assert watcher.end() == [1, 2, 3, 4]


def test_a_watch_goes_on_over_a_failed_attempt_that_is_retried(api: ScriptedApi, client: Client) -> None:
    api.put(shot(5))
    watcher = Watcher(client)
    watcher.reach(5)
    api.put(shot(6, "queued", attempt=2, message="ValueError: no; again in 1 s"))
    watcher.reach(6)
    api.put(shot(7, "failed", attempt=2))
    assert watcher.end() == [5, 6, 7]


def test_without_a_socket_a_watch_polls_as_rarely_as_it_is_told(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = True
    api.poll_after = "0.3"
    api.put(shot(1))
    watcher = Watcher(client)
    watcher.reach(1)
    wait_for(lambda: len(api.polls("j1")) == 4, 10, "it polled four times")
    api.put(shot(2, "finished"))
    assert watcher.end() == [1, 2]
    asked_at = [seen.at for seen in api.polls("j1")]
    assert len(asked_at) <= 6
    assert min(later - earlier for earlier, later in pairwise(asked_at)) >= 0.3
    assert api.polls("j1")[1].headers["if-none-match"] == '"1"'


def test_without_a_socket_the_answer_is_held_back_until_there_is_news(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = api.holds = True
    api.put(shot(1))
    watcher = Watcher(client)
    for seq in (2, 3):
        wait_for(lambda: api.held == 1, 10, "an answer is held back")
        api.put(shot(seq))
        watcher.reach(seq)
    wait_for(lambda: api.held == 1, 10, "an answer is held back")
    api.put(shot(4, "finished"))
    assert watcher.end() == [1, 2, 3, 4]
    # One plain poll at the start, then one question for each of the three, and one more for each hold that ran out.
    assert len(api.polls("j1")) <= 8
    assert api.polls("j1")[-1].query["after"] == "3"
    assert api.held == 0


def test_a_change_of_every_moment_is_asked_for_no_more_often_than_told(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = api.holds = True
    api.poll_after = "0.5"
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: api.held == 1, 10, "an answer is held back")
    first, seq = len(api.polls("j1")), 1

    def put_and_count() -> bool:
        nonlocal seq
        seq += 1
        api.put(shot(seq))
        return len(api.polls("j1")) >= first + 3

    wait_for(put_and_count, 10, "it asked three times more")
    asked_at = [seen.at for seen in api.polls("j1")[first:]]
    assert min(later - earlier for earlier, later in pairwise(asked_at)) >= 0.5
    api.put(shot(seq + 1, "finished"))
    assert watcher.end()[-1] == seq + 1


def test_closing_a_watch_ends_an_answer_that_is_held_back(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = api.holds = True
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: len(api.socket_queries) == 3, 10, "the next try of the socket is seconds off")
    wait_for(lambda: api.held == 1, 10, "an answer is held back")
    watcher.watch.close()
    watcher.thread.join(10)
    assert not watcher.thread.is_alive()
    assert watcher.error is None
    wait_for(lambda: api.held == 0, 10, "the server has noticed")


def test_a_watch_climbs_back_to_the_socket(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = True
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: len(api.polls("j1")) > 1, 10, "it polls")
    api.refuse_sockets = False
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.put(shot(2, "finished"))
    assert watcher.end() == [1, 2]


@pytest.mark.parametrize("code", [1000, 1011, 1012])
def test_a_socket_that_is_cut_half_way_is_taken_up_from_there(api: ScriptedApi, client: Client, code: int) -> None:
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.put(shot(2))
    watcher.reach(2)
    api.cut("j1", code)
    wait_for(lambda: len(api.socket_queries) == 2, 10, "it connects again")
    api.put(shot(3, "finished"))
    assert watcher.end() == [1, 2, 3]
    assert api.socket_queries[1] == {"after": "2"}


def test_a_watch_survives_a_restart_of_the_api(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.stop()
    wait_for(lambda: watcher.watch.away_s > 0, 10, "the watch knows that the API is away")
    api.put(shot(2, "finished"))
    api.start()
    assert watcher.end() == [1, 2]


def test_an_unknown_job_is_not_found_once_the_socket_has_waited_for_it(api: ScriptedApi, client: Client) -> None:
    with pytest.raises(JobNotFound):
        next(client.watch("j1"))
    assert api.socket_queries == [{}]


def test_an_unknown_job_is_waited_for_where_there_is_no_socket(api: ScriptedApi, client: Client) -> None:
    api.refuse_sockets = True
    watcher = Watcher(client)
    wait_for(lambda: api.polls("j1"), 10, "it was asked for")
    api.put(shot(1, "finished"))
    assert watcher.end() == [1]


@pytest.mark.parametrize(("code", "expected"), [(4401, NotSignedIn), (4403, NotAllowed)])
def test_a_refused_socket_is_an_error_and_no_reason_to_poll(
    api: ScriptedApi, client: Client, code: int, expected: type[HeadwayError]
) -> None:
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    api.cut("j1", code)
    assert watcher.end() == [1]
    assert isinstance(watcher.error, expected)


def test_a_watch_gives_up_when_the_api_is_away_for_longer_than_asked() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(ApiUnavailable, match="make run"):
        next(client.watch("j1", timeout_s=0.5))


def test_a_redis_that_is_away_counts_as_no_answer(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/status/j1", 503, problem("redis-unavailable", "Redis does not answer"), {"Retry-After": "1"})
    with pytest.raises(ApiUnavailable, match="Redis does not answer"):
        next(client.watch("j1", timeout_s=0.5))
    assert len(api.polls("j1")) == 1


def test_a_web_server_that_is_not_headway_is_told_apart_from_a_silent_job(api: ScriptedApi, client: Client) -> None:
    api.answer("GET", "/status/j1", 200, b"<html>")
    with pytest.raises(ApiUnavailable, match="is not headway's API"):
        next(client.watch("j1"))


def test_closing_the_client_ends_its_watches_and_leaves_no_socket(api: ScriptedApi) -> None:
    client = Client(api.url)
    api.put(shot(1))
    watcher = Watcher(client)
    wait_for(lambda: api.open_sockets == 1, 10, "the socket is open")
    client.close()
    assert watcher.end() == [1]
    assert watcher.error is None
    wait_for(lambda: api.open_sockets == 0, 10, "the socket is closed")


def test_next_within_returns_nothing_when_nothing_happens(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1))
    with client.watch("j1") as watch:
        first, second = watch.next_within(5), watch.next_within(0.05)
    assert first is not None
    assert second is None
    assert watch.done
