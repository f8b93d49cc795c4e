"""How long something was silent, by a clock of the test's own."""

import pytest

from headway.silence import Silences


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


def test_a_silence_is_counted_from_the_look_that_heard_the_last_word(time: Time) -> None:
    silences = Silences(1.0, time)
    assert silences.look({"a": "1", "b": "1"}) == {"a": 0, "b": 0}
    time.now_s += 1.5
    assert silences.look({"a": "1", "b": "2"}) == {"a": 1.5, "b": 0}
    time.now_s += 1.5
    assert silences.look({"a": "1", "b": "2"}) == {"a": 3, "b": 1.5}


def test_who_did_not_look_for_a_while_begins_afresh(time: Time) -> None:
    silences = Silences(1.0, time)
    silences.look({"a": "1"})
    time.now_s += 2.0
    assert silences.look({"a": "1"}) == {"a": 2}
    time.now_s += 2.1
    assert silences.look({"a": "1"}) == {"a": 0}
    time.now_s += 1.0
    assert silences.look({"a": "1"}) == {"a": 1}


def test_after_an_outage_everybody_has_just_spoken(time: Time) -> None:
    silences = Silences(1.0, time)
    silences.look({"a": "1"})
    time.now_s += 1.0
    silences.afresh()
    assert silences.look({"a": "1"}) == {"a": 0}


def test_what_is_gone_and_comes_back_has_not_been_silent(time: Time) -> None:
    silences = Silences(1.0, time)
    silences.look({"a": "1"})
    time.now_s += 1.0
    silences.look({})
    time.now_s += 1.0
    assert silences.look({"a": "1"}) == {"a": 0}
