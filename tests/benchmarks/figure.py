"""A figure: what was measured, what it was held against, and whether it reaches its goal."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Goal:
    """A bound for the ratio to the peer, or, where there is no peer, for the value itself."""

    sign: str
    bound: float

    def reached_by(self, value: float) -> bool:
        """Whether `value` is on the right side."""
        return operator.le(value, self.bound) if self.sign == "<=" else operator.ge(value, self.bound)

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


def at_most(bound: float) -> Goal:
    """Less is better."""
    return Goal("<=", bound)


def at_least(bound: float) -> Goal:
    """More is better."""
    return Goal(">=", bound)


@dataclass(frozen=True)
class Figure:
    """One line of the output and one object of the JSON list.

    `ours` and `peer` are medians over the rounds, in `unit`. `ours` is None if the measurement broke, `peer` and
    `ratio` are None where the goal is absolute.
    """

    name: str
    unit: str
    ours: float | None
    peer: float | None
    ratio: float | None
    goal: str
    ok: bool

    @property
    def line(self) -> str:
        """The figure for people."""
        return (
            f"{self.name:<16} ours {_amount(self.ours, self.unit):>14}   peer {_amount(self.peer, self.unit):>14}   "
            f"ratio {_digits(self.ratio):>6}   goal {self.goal:<8} {'ok' if self.ok else 'short'}"
        )


def against(name: str, unit: str, ours: Sequence[float], peer: Sequence[float], goal: Goal) -> Figure:
    """A figure held against a peer's, round by round.

    The ratio is the median of the rounds' ratios, not the ratio of the medians: what a machine does at a time, it does
    to both sides of a round, so a slow minute moves both medians and neither ratio.
    """
    ratio = median(one / other for one, other in zip(ours, peer, strict=True))
    return Figure(name, unit, median(ours), median(peer), ratio, str(goal), goal.reached_by(ratio))


def absolute(name: str, unit: str, ours: Sequence[float], goal: Goal) -> Figure:
    """A figure whose goal is a value in `unit`."""
    return Figure(name, unit, median(ours), None, None, str(goal), goal.reached_by(median(ours)))


def broken(name: str) -> Figure:
    """A figure that could not be measured."""
    return Figure(name, "", None, None, None, "", ok=False)


def _digits(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{_digits(value)} {unit}"
