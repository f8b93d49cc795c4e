"""The bars of one attempt: opened by `track` and `phase`, nested by who opens them, rolled up into one fraction."""

import threading
from collections.abc import Hashable, Iterator
from typing import Any, TypeVar

from headway.bar import Bar, Mirror, Phase
from headway.values import Number

#: Bars carried in a snapshot.
BARS_MAX = 64
#: Bars inside one another. Iterators that are all begun and never ended, as those of one `zip`, would go on for ever.
DEPTH_MAX = 32

B = TypeVar("B", bound=Bar)


class Bars:
    """All bars of an attempt, oldest first. One inside a loop is there while it is open, others also after."""

    def __init__(self) -> None:
        self._root = Phase(0, None, None, "", 1.0)
        self._innermost: dict[Hashable, Bar] = {}
        self._next_id = 1
        self._main_key = threading.get_ident()
        self._lock = threading.RLock()

    def open(self, desc: str, total: Number | None, unit: str, weight: float, source: list[Any] | None = None) -> Bar:
        """Add a loop inside the innermost open bar of this thread, or else of the job's main thread.

        Work that a pool of threads or processes does is a part of what the main thread is waiting for.
        """
        key = threading.get_ident()
        with self._lock:
            return self._add(Bar(self._next_id, self._parent(key), key, desc, total, unit, weight, source))

    def open_phase(self, desc: str, weight: float, of: float | None) -> Phase:
        """Add a phase, as `open` adds a loop; `of` is what it and those beside it weigh together."""
        key = threading.get_ident()
        with self._lock:
            parent = self._parent(key)
            if of is not None:
                (parent or self._root).of = of
            return self._add(Phase(self._next_id, parent, key, desc, weight))

    def mirror(self, desc: str, unit: str, weight: float, inside: Bar | None) -> Mirror:
        """Add a bar of another process inside one that is known of it, or else as `open` does."""
        with self._lock:
            parent = _with_room(inside or self._innermost.get(self._main_key))
            return self._add(Mirror(self._next_id, parent, object(), desc, unit, weight))

    def close(self, bar: Bar, *, complete: bool = False) -> None:
        """End a bar; `complete` says of a phase that all of it is done."""
        with self._lock:
            if bar.closed:
                return
            if isinstance(bar, Phase):
                bar.complete = complete
            bar.closed = True
            (bar.parent or self._root).let_go(bar)
            self._leave(bar.key)

    def interrupt(self) -> None:
        """Have every loop that is open look, before its next step, at what is asked of the job."""
        for bar in self.listed:
            if bar.steps is not None:
                bar.steps.interrupt()

    @property
    def any_open(self) -> bool:
        """Whether a loop is running that may move without saying so."""
        return bool(self._innermost)

    @property
    def any_seen(self) -> bool:
        """Whether there ever was a bar: then they say how far the job is."""
        return self._next_id > 1

    @property
    def main(self) -> Bar | None:
        """The loop whose n, total and rate speak for the whole job: the latest outer one that is open, or the last."""
        with self._lock:
            return self._root.leading

    @property
    def phase(self) -> Phase | None:
        """The outermost phase that is open, the latest of several."""
        with self._lock:
            phases = [child for child in self._root.children if isinstance(child, Phase) and not child.closed]
            return phases[-1] if phases else None

    @property
    def only(self) -> Bar | None:
        """The outer bar where there is just one and it is a loop: then the job's end is its end."""
        with self._lock:
            root = self._root
            alone = len(root.children) == 1 and not root.past and not root.of
            return root.children[0] if alone and not isinstance(root.children[0], Phase) else None

    @property
    def fraction(self) -> float | None:
        """How much of all outer bars is done, by weight; None while that is unknown."""
        with self._lock:
            return self._root.fraction

    @property
    def size(self) -> tuple[object, ...]:
        """What the fraction is measured against; when it changes, the fraction may fall."""
        with self._lock:
            return self._root.size

    @property
    def listed(self) -> list[Bar]:
        """The bars in sight, an outer one before those inside it."""
        with self._lock:
            return list(_walk(self._root))

    @property
    def positions(self) -> list[tuple[int, Number, Number | None, str, bool]]:
        """Where every bar stands: differs when any of them has moved."""
        return [(bar.id, bar.count, bar.total, bar.desc, bar.closed) for bar in self.listed]

    def members(self, ceiling: int) -> list[dict[str, Any]]:
        """The snapshot's `bars`, an outer bar before those inside it, at most 64: open ones before closed ones."""
        listed = self.listed
        if len(listed) > BARS_MAX:
            listed = [bar for bar in listed if not bar.closed][:BARS_MAX]
        return [bar.members(ceiling) for bar in listed]

    def _leave(self, key: Hashable) -> None:
        """Go back to the innermost bar that is open, and inside open ones alone.

        A generator may be closed late, in another thread than the one that opened it, and after the bars around it.
        """
        innermost = bar = self._innermost.get(key)
        while bar is not None:
            if bar.closed:
                innermost = bar.parent
            bar = bar.parent
        if innermost is None or innermost.key != key:
            self._innermost.pop(key, None)
        else:
            self._innermost[key] = innermost

    def _parent(self, key: Hashable) -> Bar | None:
        return _with_room(self._innermost.get(key) or self._innermost.get(self._main_key))

    def _add(self, bar: B) -> B:
        self._next_id += 1
        self._innermost[bar.key] = bar
        (bar.parent or self._root).took_in(bar)
        return bar


def _with_room(bar: Bar | None) -> Bar | None:
    """`bar`, or the one around it where nothing fits inside any more."""
    return bar.parent if bar is not None and bar.depth >= DEPTH_MAX else bar


def _walk(bar: Bar) -> Iterator[Bar]:
    for child in bar.children:
        yield child
        yield from _walk(child)
