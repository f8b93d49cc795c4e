"""The store's own connections for its script, on a real Redis."""

import multiprocessing
import os
import signal
import threading
from types import FrameType

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from headway.store.line import ScriptLine

ECHO = "return ARGV[1]"
# Long enough to be interrupted in; a script's own clock stands still.
BUSY_THEN_ECHO = "for _ = 1, tonumber(ARGV[2]) do end return ARGV[1]"
CALLS = 300


class Interrupted(Exception):
    """Raised in the middle of a call."""


def echo_all(line: ScriptLine, word: bytes) -> set[bytes]:
    return {line.run((), (word,)) for _ in range(CALLS)}


def echo_in_child(line: ScriptLine, go: "multiprocessing.synchronize.Event", answers: "multiprocessing.Queue") -> None:
    go.wait(15)
    answers.put(echo_all(line, b"child"))


# pytest's own threads, where it runs in several processes, take no part in this.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_and_its_parent_get_their_own_answers(redis_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    with Redis.from_url(redis_url) as redis:
        line = ScriptLine(redis, ECHO)
        assert line.run((), ("before",)) == b"before"
        go, answers = fork.Event(), fork.Queue()
        child = fork.Process(target=echo_in_child, args=(line, go, answers))
        child.start()
        go.set()
        ours = echo_all(line, b"parent")
        assert (answers.get(timeout=10), ours) == ({b"child"}, {b"parent"})
        child.join(15)
        line.close()


def test_threads_get_their_own_answers(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        line = ScriptLine(redis, ECHO)
        answers: dict[bytes, set[bytes]] = {}

        def ask(word: bytes) -> None:
            answers[word] = echo_all(line, word)

        threads = [threading.Thread(target=ask, args=(b"%d" % number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert answers == {b"%d" % number: {b"%d" % number} for number in range(4)}
        line.close()


def test_an_interrupted_calls_late_answer_is_not_taken_for_the_next_ones(redis_url: str) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        with Redis.from_url(redis_url) as redis:
            line = ScriptLine(redis, BUSY_THEN_ECHO)
            assert line.run((), ("warm", 0)) == b"warm"
            timer.start()
            with pytest.raises(Interrupted):
                line.run((), ("first", 60_000_000))
            assert line.run((), ("second", 0)) == b"second"
            line.close()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_script_that_redis_has_forgotten_is_told_again(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        line = ScriptLine(redis, ECHO)
        assert line.run((), ("a",)) == b"a"
        redis.script_flush()
        assert line.run((), ("b",)) == b"b"
        line.close()


def test_an_error_of_the_script_leaves_the_line_usable(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        line = ScriptLine(redis, "if ARGV[1] == 'bad' then return redis.error_reply('ERR no') end return ARGV[1]")
        with pytest.raises(ResponseError, match="no"):
            line.run((), ("bad",))
        assert line.run((), ("good",)) == b"good"
        line.close()


def test_calls_that_fail_cost_no_connection(redis_url: str) -> None:
    with Redis.from_url(redis_url, max_connections=2) as redis:
        failing = ScriptLine(redis, "return redis.call('GET')")
        for _ in range(5):
            with pytest.raises(ResponseError, match="Wrong number of args"):
                failing.run((), ())
        failing.close()
