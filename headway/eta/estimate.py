"""When a bar will be full at the rate at which it moves."""

from dataclasses import dataclass
from math import isfinite, sqrt

from headway.eta.rate import Rate

#: Active seconds before an estimate is worth showing.
MIN_ELAPSED_S = 1.0
#: Progress points before an estimate is worth showing.
MIN_POINTS = 2
#: An estimate beyond a year says that nothing is known.
MAX_ETA_S = 31_536_000.0

# Four ranges in five hold the truth, where rates scatter normally and do not change for good.
Z_80_PERCENT = 1.2816
_FEW_POINTS = 3
_SPREAD_OF_FEW = 0.5
_MAX_SPREAD = 9.0
_CERTAIN = 0.1


@dataclass(frozen=True, slots=True)
class Eta:
    """Active seconds until a bar is full: the best guess, and a range meant to hold it four times in five."""

    eta_s: float
    low_s: float
    high_s: float

    @property
    def range_s(self) -> tuple[float, float] | None:
        """`[low, high]` while it is uncertain, None once it is within a tenth."""
        certain = self.high_s <= self.eta_s * (1 + _CERTAIN)
        return None if certain else (self.low_s, self.high_s)


def estimate(n: float, total: float | None, elapsed_s: float, rate: Rate | None) -> Eta | None:
    """When the bar will be full at this rate; None is "still estimating".

    None while the total is unknown, before two progress points or one active second, and where the answer would lie
    beyond a year. Zero when n has reached the total.
    """
    if total is None or not (isfinite(n) and isfinite(total) and isfinite(elapsed_s)):
        return None
    if n >= total:
        return Eta(0.0, 0.0, 0.0)
    if rate is None or rate.points < MIN_POINTS or elapsed_s < MIN_ELAPSED_S or not rate.per_s > 0:
        return None
    eta_s = (total - n) / rate.per_s
    if not 0 < eta_s <= MAX_ETA_S:
        return None
    spread = _spread(eta_s, rate)
    return Eta(eta_s, eta_s / (1 + spread), min(eta_s * (1 + spread), MAX_ETA_S))


def _spread(eta_s: float, rate: Rate) -> float:
    """Half-width of the range as a share: the rate's own error, the scatter of what is still to come, and drift."""
    chance = Z_80_PERCENT * sqrt(rate.error * rate.error + rate.scatter_s / eta_s) + rate.drift
    if not chance <= _MAX_SPREAD:
        return _MAX_SPREAD
    return max(chance, _SPREAD_OF_FEW) if rate.points < _FEW_POINTS else chance
