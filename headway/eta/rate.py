"""How fast a bar moves."""

from dataclasses import dataclass
from math import exp, isfinite, sqrt

# The memory of the average: a share of the time so far, as tqdm's `smoothing=0.3` gives the latest step three tenths,
# but never so short that the eye sees it jump, nor so long that a changed rate stays hidden.
_SMOOTHING = 0.3
_MIN_MEMORY_S = 3.0
_MAX_MEMORY_S = 120.0
# Steps further apart than that are remembered by number instead.
_MIN_MEMORY_STEPS = 8
_SAMPLES_PER_MEMORY = 8
_MAX_DRIFT = 9.0
_MIN_STEP_S = 1e-6
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a bar moves now.

    `per_s` is units per active second. `error` is its standard error as a share of it (0.2: a fifth). `scatter_s` says
    how unevenly work goes: over t seconds it differs from what was expected by sqrt(scatter_s / t), as a share.
    `drift` is by what share the rate now differs from that of the whole time so far. `points` is how many times
    progress was seen.
    """

    per_s: float
    error: float
    scatter_s: float
    drift: float
    points: int


class RateMeter:
    """Smooths (active seconds, n) points into a rate.

    An exponential moving average of progress over one of time, after tqdm's `EMA` with its smoothing of 0.3, except
    that the past fades with active time and not with the number of calls: so bursts and the pace of the calls do not
    matter, and a constant rate comes out exactly. Its error is that of a ratio estimator (Cochran, Sampling
    Techniques, 1977, chapter 6), over stretches of an eighth of the memory each.
    """

    __slots__ = ("_gained", "_last", "_moving_s", "_open_n", "_open_s", "_points", "_sums")

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._points = 0
        self._moving_s = 0.0
        self._gained = 0.0
        self._open_s = 0.0
        self._open_n = 0.0
        self._sums = _Sums()

    def add(self, active_s: float, n: float) -> None:
        """Take a point. The first is the baseline, and so is one whose n or time fell; others count if n rose."""
        if not (isfinite(active_s) and isfinite(n)):
            return
        if self._last is None:
            self._last = (active_s, n)
            return
        took_s, gained = active_s - self._last[0], n - self._last[1]
        if took_s < 0 or gained < 0:
            self._last = (active_s, n)
        # Without time between them two points say nothing yet: the next one carries both.
        elif gained > 0 and took_s >= _MIN_STEP_S:
            self._last = (active_s, n)
            self._progress(took_s, gained)

    def rate(self, active_s: float) -> Rate | None:
        """The rate as of `active_s`, sinking while a step is overdue; None until progress was seen."""
        if self._last is None or not self._points:
            return None
        sums = self._sums.joined(self._open_n, self._open_s, self._memory_s)
        overdue_s = max(0.0, active_s - self._last[0] - 2 * self._moving_s / self._points)
        per_s = sums.n / (sums.s + overdue_s)
        if not (isfinite(per_s) and per_s > 0):
            return None
        drift = abs(self._gained / self._moving_s / per_s - 1)
        return Rate(per_s, sums.error, sums.scatter_s, min(drift, _MAX_DRIFT), self._points)

    @property
    def _memory_s(self) -> float:
        step_s = self._moving_s / self._points
        return max(_MIN_MEMORY_S, min(_SMOOTHING * self._moving_s, _MAX_MEMORY_S), _MIN_MEMORY_STEPS * step_s)

    def _progress(self, took_s: float, gained: float) -> None:
        self._points += 1
        self._moving_s += took_s
        self._gained += gained
        self._open_s += took_s
        self._open_n += gained
        memory_s = self._memory_s
        if self._open_s * _SAMPLES_PER_MEMORY >= memory_s:
            self._sums = self._sums.joined(self._open_n, self._open_s, memory_s)
            self._open_s = self._open_n = 0.0


@dataclass(frozen=True, slots=True)
class _Sums:
    """Fading sums over samples: progress `n`, time `s`, their squares and product, and time by squared weight."""

    n: float = 0.0
    s: float = 0.0
    nn: float = 0.0
    ns: float = 0.0
    ss: float = 0.0
    s2: float = 0.0

    def joined(self, n: float, s: float, memory_s: float) -> "_Sums":
        if not s:
            return self
        keep = exp(-s / memory_s)
        # An error's square carries its sample's weight squared.
        twice = keep * keep
        return _Sums(
            n=self.n * keep + n,
            s=self.s * keep + s,
            nn=self.nn * twice + n * n,
            ns=self.ns * twice + n * s,
            ss=self.ss * twice + s * s,
            s2=self.s2 * twice + s,
        )

    @property
    def _residual(self) -> float:
        samples = self.s * self.s / self.ss
        rate = self.n / self.s
        square = max(0.0, self.nn - 2 * rate * self.ns + rate * rate * self.ss)
        # What is left of rounding is no scatter.
        if square <= _ROUNDING * self.nn:
            return 0.0
        return square * samples / (samples - 1) if samples > 1 else square

    @property
    def error(self) -> float:
        return sqrt(self._residual) / self.n

    @property
    def scatter_s(self) -> float:
        rate = self.n / self.s
        return self._residual / self.s2 / rate / rate
