"""The bars of one attempt: opened by `track`, nested by the thread that opens them, rolled up into one fraction."""

import threading
from collections.abc import Iterator
from typing import Any

from headway import values
from headway.eta import RateMeter

Number = int | float

#: Bars carried in a snapshot.
BARS_MAX = 64
#: Outer bars that stay in sight after their end; of older ones only the weight is kept.
CLOSED_SHOWN = 16


class Bar:
    """One bar. `n` is written by the loop that owns it and read by the flush thread, without a lock."""

    __slots__ = ("children", "closed", "desc", "id", "meter", "n", "parent", "thread_id", "total", "unit", "weight")

    def __init__(
        self, bar_id: int, parent: "Bar | None", desc: str, total: Number | None, unit: str, weight: float
    ) -> None:
        self.id = bar_id
        self.parent = parent
        self.desc = desc
        self.n: Number = 0
        self.total = total
        self.unit = unit
        self.weight = weight
        self.children: list[Bar] = []
        self.closed = False
        self.thread_id = threading.get_ident()
        self.meter = RateMeter()

    @property
    def fraction(self) -> float | None:
        """How much of it is done, 0..1, its open children's share of the current step included; None if unknown."""
        if self.total is None:
            return None
        if self.n >= self.total:
            return 1.0
        step = max((child.fraction or 0.0 for child in self.children), default=0.0)
        return min(1.0, (self.n + step) / self.total)

    def members(self, ceiling: int) -> dict[str, Any]:
        """The bar as the snapshot's `bars` carries it, its percent at most `ceiling`."""
        fraction = self.fraction
        return {
            "id": self.id,
            "parent": None if self.parent is None else self.parent.id,
            "desc": self.desc,
            "n": self.n,
            "total": self.total,
            "unit": self.unit,
            "percent": 0 if fraction is None else values.percent(fraction * 100, ceiling=ceiling),
            "fraction": fraction,
        }


class Bars:
    """All bars of an attempt, oldest first. A nested bar is there while it is open, an outer one also after."""

    def __init__(self) -> None:
        self._roots: list[Bar] = []
        self._innermost: dict[int, Bar] = {}
        self._next_id = 1
        # Of outer bars that are out of sight: how many, how much weight, and how much of it was done; None if unknown.
        self._past = 0
        self._past_weight = 0.0
        self._past_done: float | None = 0.0
        self._lock = threading.Lock()

    def open(self, desc: str, total: Number | None, unit: str, weight: float) -> Bar:
        """Add a bar inside the innermost open one of this thread, or beside the others."""
        with self._lock:
            thread_id = threading.get_ident()
            parent = self._innermost.get(thread_id)
            bar = Bar(self._next_id, parent, desc, total, unit, weight)
            self._next_id += 1
            self._innermost[thread_id] = bar
            if parent is not None:
                parent.children.append(bar)
            else:
                self._roots.append(bar)
                self._forget_old()
            return bar

    def close(self, bar: Bar) -> None:
        """End a bar; a nested one goes, an outer one stays in sight."""
        with self._lock:
            bar.closed = True
            if bar.parent is not None:
                bar.parent.children.remove(bar)
            # A generator may be closed late, and in another thread than the one that opened it.
            innermost = self._innermost.get(bar.thread_id)
            while innermost is not None and innermost.closed:
                innermost = innermost.parent
            if innermost is None:
                self._innermost.pop(bar.thread_id, None)
            else:
                self._innermost[bar.thread_id] = innermost

    @property
    def any_open(self) -> bool:
        """Whether a loop is running that may move without saying so."""
        return bool(self._innermost)

    @property
    def main(self) -> Bar | None:
        """The bar whose n, total and rate speak for the whole job: the latest outer one that is open, or the last."""
        with self._lock:
            is_open = [root for root in self._roots if not root.closed]
            candidates = is_open or self._roots
            return candidates[-1] if candidates else None

    @property
    def fraction(self) -> float | None:
        """How much of all outer bars is done, by weight; None while one of them does not know its total."""
        with self._lock:
            shares = [(root.fraction, root.weight) for root in self._roots]
            weight, done = self._past_weight, self._past_done
        if done is None:
            return None
        for fraction, share in shares:
            if fraction is None:
                return None
            weight += share
            done += fraction * share
        return done / weight if weight > 0 else None

    @property
    def size(self) -> tuple[object, ...]:
        """What the fraction is measured against; when it changes, the fraction may fall."""
        with self._lock:
            return (self._past, *((root.id, root.total) for root in self._roots))

    @property
    def positions(self) -> list[tuple[int, Number, Number | None, bool]]:
        """Where every bar stands: differs when any of them has moved."""
        with self._lock:
            return [(bar.id, bar.n, bar.total, bar.closed) for root in self._roots for bar in _walk(root)]

    def members(self, ceiling: int) -> list[dict[str, Any]]:
        """The snapshot's `bars`, an outer bar before those inside it, at most 64."""
        with self._lock:
            listed = [bar for root in self._roots for bar in _walk(root)]
            return [bar.members(ceiling) for bar in listed[-BARS_MAX:]]

    def _forget_old(self) -> None:
        closed = [root for root in self._roots if root.closed]
        for root in closed[:-CLOSED_SHOWN]:
            fraction = root.fraction
            self._roots.remove(root)
            self._past += 1
            self._past_weight += root.weight
            done = self._past_done
            self._past_done = None if fraction is None or done is None else done + fraction * root.weight


def _walk(bar: Bar) -> Iterator[Bar]:
    yield bar
    for child in bar.children:
        yield from _walk(child)
