"""Counting what was never recorded."""

import random

import pytest

from headway.history.coverage import Span, extend, missing


def numbers(*given: int, first_place: int = 0) -> list[tuple[int, str]]:
    """Entries with these numbers, each right after the one before in the stream."""
    return [(n, f"{first_place + i:06d}") for i, n in enumerate(given)]


def lost(*given: int, first_in_stream: int | None = None) -> int:
    return missing(extend([], numbers(*given)), first_in_stream)


@pytest.mark.parametrize(
    ("recorded", "count"), [((1, 2, 3), 0), ((2, 3), 1), ((1, 3), 1), ((1, 2, 5, 6, 9), 4), ((4,), 3), ((), 0)]
)
def test_holes_are_counted(recorded, count):
    assert lost(*recorded) == count


def test_what_is_still_in_the_stream_may_be_on_its_way():
    assert lost(1, 5, first_in_stream=2) == 0
    assert lost(1, 5, first_in_stream=4) == 2


def test_what_left_the_stream_after_the_last_recorded_entry_is_counted():
    assert lost(1, 2, first_in_stream=10) == 7


def test_any_order_in_any_parts_gives_the_same_spans():
    given = numbers(*range(1, 200))
    dice = random.Random(3)
    dice.shuffle(given)
    spans: list[Span] = []
    while given:
        spans = extend(spans, given[:17] + given[:3])
        given = given[17:]
    assert spans == [Span(1, 1, 199, "000000", "000198")]


def test_a_counter_that_begins_again_is_counted_from_there():
    spans = extend(extend([], numbers(1, 2, 3, 4)), numbers(1, 2, 5, first_place=10))
    assert [(span.epoch, span.low, span.high) for span in spans] == [(1, 1, 4), (2, 1, 2), (2, 5, 5)]
    assert missing(spans, None) == 2


def test_a_counter_that_came_back_older_lost_nothing():
    spans = extend(extend([], numbers(1, 2, 3, 4)), numbers(3, 4, 5, first_place=10))
    assert missing(spans, None) == 0


def test_a_late_entry_belongs_to_the_counter_that_gave_it():
    spans = extend(extend([], numbers(1, 2, 4)), numbers(1, 2, 3, 4, first_place=10))
    assert missing(spans, None) == 1
    assert missing(extend(spans, [(3, "0000015")]), None) == 0
