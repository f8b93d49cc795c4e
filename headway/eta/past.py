"""What a task's past runs say of the one that is under way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, isfinite, log, sqrt

from headway.eta.estimate import MAX_ETA_S, Z_80_PERCENT, Eta

#: At which fractions a run's times are kept.
MARKS = tuple(i / 20 for i in range(21))
#: The latest runs of a task that are looked at.
RUNS_MAX = 30

# Newer runs count more: each by this share less than the next.
_FADE = 0.9
# How much of a difference in size is taken for one in duration before runs of several sizes have shown it: all, with
# the weight of one pair of runs that differ by a third.
_SLOPE_TRUST = 0.1
# What is believed before there are runs to learn it from, with the weight of so many runs.
_TRUST_RUNS = 3.0
_USUAL_GAP = 0.15
_USUAL_ERROR = 0.3
_LEAST_ERROR = 0.03
# Differences beyond so many of the usual ones say that this run is not like the others.
_UNLIKE = 2.0
_TINY_S = 1e-3
_MAX_POWER = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run: `reached_s` are the active seconds until each of `MARKS` was reached, the last of them its duration.

    `size` is the total that it began with; None if it never had one. `reached_s` has the duration alone if nobody
    knows how it went.
    """

    size: float | None
    reached_s: tuple[float, ...]

    @property
    def setup_s(self) -> float:
        """Active seconds until anybody knew how far it was."""
        return self.reached_s[0] if len(self.reached_s) > 1 else 0.0

    @property
    def work_s(self) -> float:
        """Active seconds from then to its end."""
        return self.reached_s[-1] - self.setup_s

    @property
    def shares(self) -> tuple[float, ...]:
        """At each of `MARKS`, the share of `work_s` that is gone."""
        return tuple((one - self.setup_s) / self.work_s for one in self.reached_s)

    @classmethod
    def of(cls, points: Iterable[tuple[float, float | None]], size: float | None, duration_s: float) -> "Run":
        """A run as it was seen: (active seconds, fraction) in their order; a fraction is None while it was unknown."""
        seen: list[tuple[float, float]] = []
        for active_s, fraction in points:
            if fraction is not None and (not seen or fraction > seen[-1][1]) and active_s <= duration_s:
                seen.append((active_s, fraction))
        if len(seen) < 3:
            return cls(size, (duration_s,))
        (first_s, first), (second_s, second) = seen[:2]
        # Nobody saw it begin: it has gone on since then as it did at first.
        seen.insert(0, (max(0.0, first_s - first * (second_s - first_s) / (second - first)), 0.0))
        reached_s = [_interpolated(seen, mark) for mark in MARKS[:-1]]
        return cls(size, (*(min(one, duration_s) for one in reached_s), duration_s))


class Past:
    """What a task's past runs say of the one under way.

    They know two things that the current rate does not: how long a run takes, and at which fraction how much of its
    time is gone. Whether the first is to be believed more than the second, and both more than the current rate, is
    what each of the runs would have been told by the others: the weights are those that would have erred least.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        """Take a task's runs, oldest first."""
        self._runs = [run for run in runs if isfinite(run.work_s) and run.work_s > _TINY_S][-RUNS_MAX:]
        self._curves = [run for run in self._runs if len(run.reached_s) == len(MARKS)]
        self._fits: dict[int, _Fit] = {}

    def before(self, active_s: float, size: float | None) -> Eta | None:
        """When a run will end of which nobody knows yet how far it is; None where that cannot be told."""
        log_s = self._duration.expected(size)
        if log_s is None:
            return None
        if self._curves:
            weights = _weights(self._curves)
            setup_s = sum(w * run.setup_s for w, run in zip(weights, self._curves, strict=True)) / sum(weights)
            left_s = _exp(log_s) + max(0.0, setup_s - active_s)
            return _eta(log(max(_TINY_S, left_s)), self._duration.error)
        longer = sorted(
            run_s - active_s for run in self._runs if (run_s := self._duration.scaled(run, size)) > active_s
        )
        # Longer than nearly all of them: that says nothing of how much longer.
        if len(longer) * 4 < len(self._runs):
            return None
        left_s = longer[len(longer) // 2]
        return _eta(log(max(_TINY_S, left_s)), max(self._duration.error, abs(log(longer[-1] / left_s)) / 2))

    def after(
        self, fraction: float, active_s: float, size: float | None, current: Eta | None, since: tuple[float, float]
    ) -> Eta | None:
        """When a run will end that has come to `fraction`; None where that cannot be told.

        Args:
            current: what its own rate says.
            since: the active seconds and the fraction at which it was first known how far it is.
        """
        log_s = self._duration.expected(size)
        if log_s is None or not self._curves or not 0 <= fraction < 1:
            return current
        share, share_since = self._share(fraction), self._share(since[1])
        left = log(max(_TINY_S, 1 - share))
        by_past = log_s + left
        gone_s, gone = active_s - since[0], share - share_since
        by_pace = log(gone_s / gone) + left if gone_s > _TINY_S and gone > _TINY_S else None
        by_rate = None if current is None or current.eta_s <= 0 else log(current.eta_s)
        fit = self._fit(fraction)
        return _eta(*fit.blended(by_past, by_pace, by_rate, min(1.0, (fraction - since[1]) / MARKS[1])))

    @cached_property
    def _duration(self) -> "_Duration":
        return _Duration(self._runs)

    @cached_property
    def _shares(self) -> list[float]:
        """At each mark, the share of a run's work that is gone."""
        weights = _weights(self._curves)
        return [
            sum(w * run.shares[k] for w, run in zip(weights, self._curves, strict=True)) / sum(weights)
            for k in range(len(MARKS))
        ]

    def _share(self, fraction: float) -> float:
        return _interpolated(list(zip(self._shares, MARKS, strict=True)), fraction)

    def _fit(self, fraction: float) -> "_Fit":
        k = min(max(round(fraction / MARKS[1]), 1), len(MARKS) - 2)
        if k not in self._fits:
            around = [one for one in (k - 1, k, k + 1) if 1 <= one <= len(MARKS) - 2]
            self._fits[k] = _Fit([told for one in around for told in self._told(one)], len(around))
        return self._fits[k]

    def _told(self, k: int) -> list["_Told"]:
        """What each run would have been told by the others at a mark."""
        weights = _weights(self._curves)
        shares = [run.shares[k] for run in self._curves]
        whole, sum_of = sum(weights), sum(w * share for w, share in zip(weights, shares, strict=True))
        told = []
        for w, share, run in zip(weights, shares, self._curves, strict=True):
            log_s = self._duration.expected(run.size, without=run)
            reached_s = [one - run.setup_s for one in run.reached_s]
            gone_s = reached_s[k]
            others = (sum_of - w * share) / (whole - w) if whole > w else None
            earlier = next((i for i in range(k, -1, -1) if reached_s[i] <= 0.7 * gone_s), 0)
            stretch_s = gone_s - reached_s[earlier]
            if log_s is None or others is None or not 0 < others < 1 or min(gone_s, stretch_s) <= 0 or share >= 1:
                continue
            left = log(1 - others)
            told.append(
                _Told(
                    truth=log(run.work_s - gone_s),
                    by_past=log_s + left,
                    by_pace=log(gone_s / others) + left,
                    by_rate=log(stretch_s * (1 - MARKS[k]) / (MARKS[k] - MARKS[earlier])),
                )
            )
        return told


@dataclass(frozen=True, slots=True)
class _Told:
    """Logarithms of a run's seconds left: as it was, and as three ways to look at it had it."""

    truth: float
    by_past: float
    by_pace: float
    by_rate: float


class _Fit:
    """How much each way to look is to be believed at a fraction."""

    def __init__(self, told: list[_Told], marks: int) -> None:
        trust = _TRUST_RUNS * marks
        self._past = _Mix([(one.by_pace, one.by_past, one.truth) for one in told], 0.5, trust)
        self._rate = _Mix(
            [(self._past.of(one.by_pace, one.by_past), one.by_rate, one.truth) for one in told], 0.2, trust
        )

    def blended(
        self, by_past: float, by_pace: float | None, by_rate: float | None, begun: float
    ) -> tuple[float, float]:
        """The logarithm of the seconds left, and its error; `begun` is 0 for a run too young to have a pace, else 1."""
        both, error = by_past, self._past.error
        if by_pace is not None:
            both = by_past + begun * (self._past.of(by_pace, by_past, guarded=True) - by_past)
            error += (1 - begun) * _USUAL_ERROR
        if by_rate is None:
            return both, error
        answer = both + begun * (self._rate.of(both, by_rate, guarded=True) - both)
        return answer, max(self._rate.error, abs(answer - by_rate) / 3, abs(answer - both) / 3)


class _Mix:
    """Two ways to look put together: `first + weight * (second - first)`, the weight by least squares."""

    def __init__(self, told: list[tuple[float, float, float]], weight: float, trust: float) -> None:
        gaps = [second - first for first, second, _ in told]
        believed = trust * _USUAL_GAP**2
        above = believed * weight + sum(
            gap * (truth - first) for gap, (first, _, truth) in zip(gaps, told, strict=True)
        )
        self._weight = min(max(above / (believed + sum(gap * gap for gap in gaps)), 0.0), 1.0)
        self._gap = sqrt((believed + sum(gap * gap for gap in gaps)) / (trust + len(told)))
        errors = [truth - self.of(first, second) for first, second, truth in told]
        usual = trust * _USUAL_ERROR**2 / 4
        self.error = max(_LEAST_ERROR, sqrt((usual + sum(e * e for e in errors)) / (trust + len(told))))

    def of(self, first: float, second: float, *, guarded: bool = False) -> float:
        """Both put together; guarded, the first loses to the second the more they differ beyond what is usual."""
        weight, gap = self._weight, second - first
        if guarded and abs(gap) > _UNLIKE * self._gap:
            weight *= (_UNLIKE * self._gap / gap) ** 2
        return first + weight * gap


class _Duration:
    """How long runs take, by their size: the logarithm of one on that of the other."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        weights = _weights(runs)
        sized = [
            (x, log(run.work_s), w) for run, w in zip(runs, weights, strict=True) if (x := _log(run.size)) is not None
        ]
        # That of a run without a size, and of one that has not said it yet.
        self._usual = 0.0
        self._slope = 0.0
        if sized:
            whole = sum(w for _, _, w in sized)
            x = self._usual = sum(w * one for one, _, w in sized) / whole
            y = sum(w * one for _, one, w in sized) / whole
            both = sum(w * (one - x) * (other - y) for one, other, w in sized)
            self._slope = (_SLOPE_TRUST + both) / (_SLOPE_TRUST + sum(w * (one - x) ** 2 for one, _, w in sized))
        self._logs = {id(run): (w, self._plain(run)) for run, w in zip(runs, weights, strict=True)}
        self._whole = sum(w for w, _ in self._logs.values())
        self._sum = sum(w * one for w, one in self._logs.values())

    @property
    def error(self) -> float:
        """The error of `expected`, as the runs tell it of each other."""
        trust = _TRUST_RUNS
        off = [w * (one - self._sum / self._whole) ** 2 for w, one in self._logs.values()]
        return max(_LEAST_ERROR, sqrt((trust * _USUAL_ERROR**2 + sum(off)) / (trust + self._whole)))

    def expected(self, size: float | None, without: Run | None = None) -> float | None:
        """The logarithm of the seconds that a run of this size takes; None where no other run says so."""
        w, one = self._logs[id(without)] if without is not None else (0.0, 0.0)
        if self._whole - w <= 0:
            return None
        return (self._sum - w * one) / (self._whole - w) + self._scale(size)

    def scaled(self, run: Run, size: float | None) -> float:
        """A run's duration, had it been of this size, in seconds."""
        return _exp(self._plain(run) + self._scale(size))

    def _scale(self, size: float | None) -> float:
        known = _log(size)
        return self._slope * (self._usual if known is None else known)

    def _plain(self, run: Run) -> float:
        return log(run.work_s) - self._scale(run.size)


def _log(size: float | None) -> float | None:
    return log(size) if size is not None and isfinite(size) and size > 0 else None


def _exp(power: float) -> float:
    # Sizes may be any numbers, and what they come to beyond that is no time at all.
    return exp(min(power, _MAX_POWER))


def _weights(runs: Sequence[Run]) -> list[float]:
    return [_FADE**age for age in range(len(runs) - 1, -1, -1)]


def _interpolated(points: Sequence[tuple[float, float]], at: float) -> float:
    """The first member at which the second one, which never falls, comes to `at`."""
    before = points[0]
    for point in points:
        if point[1] >= at:
            gained = point[1] - before[1]
            return point[0] if gained <= 0 else before[0] + (point[0] - before[0]) * (at - before[1]) / gained
        before = point
    return before[0]


def _eta(log_s: float, error: float) -> Eta | None:
    if not log_s <= log(MAX_ETA_S):
        return None
    eta_s, spread = _exp(log_s), _exp(Z_80_PERCENT * error)
    return Eta(eta_s, eta_s / spread, min(eta_s * spread, MAX_ETA_S))
