"""Waiting for something to become true, with a deadline and a name."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(predicate: Callable[[], T], deadline_s: float, what: str) -> T:
    """Ask again and again until `predicate` answers something true, and return its answer.

    Args:
        predicate: asked at least once, and once more after the deadline.
        deadline_s: seconds from now.
        what: completes "did not happen: …".

    Raises:
        AssertionError: the deadline passed; it names `what` and the last answer.
    """
    end = time.monotonic() + deadline_s
    pause_s = 0.002
    while True:
        late = time.monotonic() >= end
        answer = predicate()
        if answer:
            return answer
        if late:
            raise AssertionError(f"did not happen within {deadline_s:g} s: {what} (last answer: {answer!r})")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.05)
