"""One bar: a loop, a phase, or a child process' bar as it was told. Arithmetic without locks; `Bars` has them."""

from collections.abc import Hashable
from typing import Any

from headway import values
from headway.eta import RateMeter
from headway.steps import Steps
from headway.values import Number

#: Bars of a phase, or of the whole job, that stay in sight after their end; of older ones only the weight is kept.
CLOSED_SHOWN = 16


class Bar:
    """One loop. `n` and `total` are written by whoever owns it and read by the flush thread, without a lock; while
    there are `steps`, they count instead of `n`.

    A bar inside is a part of the step that this one is at. What all of a step's bars weigh together is `of` where it
    was declared; else it is learned from the steps before, and during the first those that were seen are all.
    """

    __slots__ = (
        "_closed_weight", "_step_done", "_step_n", "_step_weight", "_steps",
        "children", "closed", "depth", "desc", "id", "key", "meter", "n", "of", "parent", "source", "steps",
        "total", "unit", "weight",
    )  # fmt: skip

    def __init__(
        self, bar_id: int, parent: "Bar | None", key: Hashable, desc: str, total: Number | None, unit: str,
        weight: float, source: list[Any] | None = None,
    ) -> None:  # fmt: skip
        self.id = bar_id
        self.parent = parent
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.key = key
        self.desc = desc
        self.n: Number = 0
        self.total = total
        self.unit = unit
        self.weight = weight
        self.source = source
        self.steps: Steps | None = None
        self.of: float | None = None
        self.children: list[Bar] = []
        self.closed = False
        self.meter = RateMeter()
        self._closed_weight = 0.0
        self._step_n: Number | None = None
        self._step_done = 0.0
        self._step_weight = 0.0
        self._steps = 0

    @property
    def goal(self) -> Number | None:
        """The total as far as it can be believed: None is unknown, as it is once n has gone beyond it."""
        if self.source is not None:
            # A list that is looped over may grow meanwhile.
            self.total = len(self.source)
        total = values.total(self.total)
        # As tqdm has it: half a step beyond is a float's imprecision.
        return None if total is None or self.count >= total + 0.5 else total

    @property
    def count(self) -> Number:
        """How many steps are done, as far as it can be believed."""
        return (values.count(self.n) or 0) if self.steps is None else self.steps.n

    @property
    def reached(self) -> Number:
        """How many steps are done, the part of the current ones that bars inside have done included."""
        n = self.count
        weight = sum(child.weight for child in self.children)
        if not weight and not self._step_done:
            return n
        done = 0.0 if self._step_n != self.count else self._step_done
        per_step = max(self.of or 0.0, self._per_step) or done + weight
        if per_step <= 0:
            return n
        done += sum(child.weight * (child.fraction or 0.0) for child in self.children)
        return n + min(done / per_step, max(1.0, weight / per_step))

    @property
    def fraction(self) -> float | None:
        """How much of it is done, 0..1; None if unknown."""
        goal = self.goal
        if goal is None:
            return None
        return min(1.0, self.reached / goal) if goal else 1.0

    @property
    def leading(self) -> "Bar | None":
        """The loop that speaks for it in n, total and rate."""
        return self

    def members(self, ceiling: int) -> dict[str, Any]:
        """The bar as the snapshot's `bars` carries it, its percent at most `ceiling`."""
        fraction = self.fraction
        return {
            "id": self.id,
            "parent": None if self.parent is None else self.parent.id,
            "desc": self.desc,
            "n": self.count,
            "total": self.goal,
            "unit": self.unit,
            "percent": 0 if fraction is None else values.percent(fraction * 100, ceiling=ceiling),
            "fraction": fraction,
        }

    def took_in(self, child: "Bar") -> None:
        """A bar inside was opened."""
        if self._step_n != self.count:
            if self._step_n is not None:
                self._steps += 1
            self._step_n, self._step_done, self._step_weight = self.count, 0.0, 0.0
        self.children.append(child)

    def let_go(self, child: "Bar") -> None:
        """A bar inside has ended."""
        self.children.remove(child)
        self._closed_weight += child.weight
        if self._step_n == self.count:
            fraction = child.fraction
            self._step_weight += child.weight
            self._step_done += child.weight * (1.0 if fraction is None else fraction)

    @property
    def _per_step(self) -> float:
        """What the bars inside weigh together in one step, on average over the steps that had any; 0 if unknown."""
        return (self._closed_weight - self._step_weight) / self._steps if self._steps else 0.0


class Phase(Bar):
    """A named part of a job whose progress is that of the bars inside it, by weight.

    `of` is what the bars inside will weigh together, seen or still to come; None takes those that were seen.
    """

    __slots__ = ("complete", "past", "past_done", "past_weight")

    def __init__(self, bar_id: int, parent: Bar | None, key: Hashable, desc: str, weight: float) -> None:
        super().__init__(bar_id, parent, key, desc, None, "", weight)
        self.complete = False
        # Of bars that are out of sight: how many, what they weighed, and how much of that was done; None if unknown.
        self.past = 0
        self.past_weight = 0.0
        self.past_done: float | None = 0.0

    @property
    def fraction(self) -> float | None:
        """How much of the weight inside is done, 0..1; None if unknown.

        A loop of unknown total makes the whole unknown, unless weights were declared: then it counts when it is done.
        """
        if self.complete:
            return 1.0
        weight, done = self.past_weight, self.past_done
        if done is None:
            return None
        any_known = self.past > 0
        for child in self.children:
            fraction = child.fraction
            weight += child.weight
            if fraction is not None:
                any_known = True
                done += fraction * child.weight
            elif self.of is None and not isinstance(child, Phase):
                return None
        weight = max(weight, self.of or 0.0)
        return min(1.0, done / weight) if weight > 0 and any_known else None

    @property
    def leading(self) -> Bar | None:
        """The loop that speaks for it: that of the latest bar inside that is open, or else of the last one.

        Of several that are open the job's own process goes first.
        """
        latest_first = list(reversed(self.children))
        latest_first.sort(key=lambda child: (child.closed, isinstance(child, Mirror)))
        return next((child.leading for child in latest_first if child.leading is not None), None)

    @property
    def size(self) -> tuple[object, ...]:
        """What the fraction is measured against; when it changes, the fraction may fall."""
        inside = (child.size if isinstance(child, Phase) else child.goal for child in self.children)
        return (self.past, self.of, self.complete, *zip((child.id for child in self.children), inside, strict=True))

    def took_in(self, child: Bar) -> None:
        """A bar inside was opened."""
        self.children.append(child)
        closed = [known for known in self.children if known.closed]
        for old in closed[:-CLOSED_SHOWN]:
            fraction, done = old.fraction, self.past_done
            self.children.remove(old)
            self.past += 1
            self.past_weight += old.weight
            self.past_done = None if fraction is None or done is None else done + fraction * old.weight

    def let_go(self, child: Bar) -> None:
        """A bar inside has ended; it stays in sight."""


class Mirror(Bar):
    """A bar of a child process, as that process last described it."""

    __slots__ = ("told",)

    def __init__(self, bar_id: int, parent: Bar | None, key: Hashable, desc: str, unit: str, weight: float) -> None:
        super().__init__(bar_id, parent, key, desc, None, unit, weight)
        self.told: float | None = None

    @property
    def reached(self) -> Number:
        """How many steps are done."""
        goal = self.goal
        return self.count if self.told is None or goal is None else self.told * goal

    @property
    def fraction(self) -> float | None:
        """How much of it is done, 0..1; None if unknown."""
        return self.told
