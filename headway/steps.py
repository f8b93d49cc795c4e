"""The steps of one `track` loop: counted, and stopped when something is asked of the job, with no Python code in it.

A generator that counts costs as much per step as the loop itself. Here each item is drawn together with a tick out of
a block of them, by iterators that are C code. How far the loop is, is read from the position in the block, by whichever
thread wants to know. Between two blocks Python code runs in the loop's own thread; to make it run at the very next
step, another thread empties the block.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress
from operator import call
from typing import Any, TypeVar

T = TypeVar("T")

_FIRST_BLOCK = 32
_LONGEST_BLOCK = 4_096
# What has its items at hand: to draw one takes no time, and raises nothing.
_AT_HAND = frozenset({list, tuple, range, str, bytes, dict, set, frozenset})


class Steps:
    """One loop's position. Subclasses say what happens at its beginning, between steps and at its end."""

    __slots__ = ("_before", "_block", "_lock", "_places", "_size", "_within")

    def __init__(self) -> None:
        # Reentrant: a loop may be left because it is collected, in the middle of anything.
        self._lock = threading.RLock()
        self._before = 0
        self._size = 0
        self._block: list[bool] = []
        self._places: Any = iter(self._block)
        self._within = False

    def begin(self) -> None:
        """Called before the first item is asked for."""

    def checkpoint(self) -> None:
        """Called in the loop's thread between two steps: now and then, and soon after `interrupt`."""

    def ran_out(self) -> None:
        """Called when there are no more items."""

    def left(self) -> None:
        """Called when the loop is left, however that happens, also after `ran_out`, and without `begin`."""

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield `items`."""
        blocks = self._blocks()
        # Begun now, so that it ends, and says that the loop was left, even if there is no first item.
        ticks = chain(next(blocks), chain.from_iterable(blocks))
        if type(items) in _AT_HAND:
            # The fastest there is, but it draws the item first, as if the body before lasted until then.
            return compress(chain(_calling(self.begin), items, _calling(self._end)), ticks)
        # A C function of two arguments that returns the second.
        second: Callable[[bool, T], T] = {}.get  # type: ignore[assignment]
        return map(second, ticks, chain(_calling(self.begin), items, _calling(self.ran_out)))

    @property
    def n(self) -> int:
        """How many steps are done."""
        with self._lock:
            taken: int = self._before + self._size - self._places.__length_hint__()
            # The last one was for the step that is being done, unless the loop stands between two steps.
            return max(0, taken - 1) if self._within else taken

    def interrupt(self) -> None:
        """Have `checkpoint` called before the next step."""
        with self._lock:
            # Both in one go of C code: no step is taken after the look and before the block is empty.
            left, _ = map(call, (self._places.__length_hint__, self._block.clear))
            self._before += self._size - left
            self._size = 0

    def _blocks(self) -> Iterator[Iterator[bool]]:
        size = _FIRST_BLOCK
        try:
            while True:
                with self._lock:
                    self._before += self._size
                    self._size, self._block = size, [True] * size
                    self._places = iter(self._block)
                    self._within = True
                yield self._places
                self._within = False
                self.checkpoint()
                size = min(2 * size, _LONGEST_BLOCK)
        finally:
            self.left()

    def _end(self) -> None:
        self._within = False
        self.ran_out()


def _calling(function: Callable[[], None]) -> Iterator[T]:
    """An iterator without items that calls `function` where its first one would be."""
    function()
    yield from ()
