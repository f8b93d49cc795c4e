"""What an attempt has said so far, as members of a snapshot: bookkeeping without Redis or threads."""

from collections.abc import Callable

from headway import values
from headway.bars import Bar, Bars
from headway.body import Members
from headway.eta import Eta, Rate, RateMeter, estimate

Number = int | float

DESC_MAX = 200
UNIT_MAX = 40


class Progress:
    """Collects values while a job runs. The job's threads write, the flush thread reads."""

    def __init__(self, message_max: int, complain: Callable[[str], None]) -> None:
        self.bars = Bars()
        self.message = ""
        self._message_max = message_max
        self._complain = complain
        self._n: Number | None = None
        self._total: Number | None = None
        self._percent: float | None = None
        self._unit: str | None = None
        self._meter = RateMeter()
        self._shown_percent = 0
        self._shown_size: object = None

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take what `headway.report` was given; None leaves a value as it was."""
        if message is not None:
            self.message = values.text(message, self._message_max, self._complain)
        if total is not None:
            self._total = values.total(total, self._complain)
        if n is not None:
            self._n = values.count(n, self._complain)
        if unit is not None:
            self._unit = values.text(unit, UNIT_MAX, self._complain)
        if percent is not None:
            exact = values.number(percent, self._complain)
            self._percent = None if exact is None else min(max(exact, 0), 100)
            values.percent(percent, self._complain)

    def open_bar(self, desc: str, total: Number | None, unit: str, weight: float) -> Bar:
        """Begin a bar; an outer one speaks for the job from now on, whatever `report` said before."""
        bar = self.bars.open(
            values.text(desc, DESC_MAX, self._complain),
            values.total(total, self._complain),
            values.text(unit, UNIT_MAX, self._complain),
            values.count(weight, self._complain) or 0.0,
        )
        if bar.parent is None:
            self._n = self._total = self._percent = self._unit = None
        return bar

    @property
    def fingerprint(self) -> object:
        """Differs when there is something new to write."""
        return (self.message, self._n, self._total, self._percent, self.bars.positions)

    def members(self, elapsed_s: float, ceiling: int = 99) -> Members:
        """The snapshot's members that speak of progress, after `elapsed_s` of active time.

        `ceiling` is the highest percent of a bar: 100 belongs to a finished job.
        """
        main = self.bars.main
        n = self._n if self._n is not None or main is None else main.n
        total = self._total if self._total is not None or main is None else main.total
        fraction = self._fraction(n, total)
        rate, eta = self._pace(n, total, fraction, elapsed_s)
        return {
            "percent": self._percent_of(fraction, (self._total, self.bars.size)),
            "message": self.message,
            "fraction": fraction,
            "n": n,
            "total": total,
            "unit": main.unit if self._unit is None and main is not None else self._unit,
            "desc": None if main is None or not main.desc else main.desc,
            "rate": None if rate is None else rate.per_s,
            "eta_s": None if eta is None else eta.eta_s,
            "eta_range_s": None if eta is None else eta.range_s,
            "bars": self.bars.members(ceiling),
        }

    def _fraction(self, n: Number | None, total: Number | None) -> float | None:
        if self._percent is not None:
            return self._percent / 100
        if self._total is None and self.bars.main is not None:
            return self.bars.fraction
        if n is None or total is None or total <= 0:
            return None
        return min(1.0, n / total)

    def _percent_of(self, fraction: float | None, size: object) -> int:
        """Never falls, unless what it is measured against has changed."""
        if size != self._shown_size:
            self._shown_size = size
            self._shown_percent = 0
        if fraction is not None:
            self._shown_percent = max(self._shown_percent, values.percent(fraction * 100))
        return self._shown_percent

    def _pace(
        self, n: Number | None, total: Number | None, fraction: float | None, elapsed_s: float
    ) -> tuple[Rate | None, Eta | None]:
        main = self.bars.main
        meter = self._meter if main is None or self._n is not None else main.meter
        if n is None:
            # A job that says percent alone has no unit to have a rate in, but it has an end.
            if fraction is None:
                return None, None
            meter.add(elapsed_s, fraction)
            return None, estimate(fraction, 1.0, elapsed_s, meter.rate(elapsed_s))
        meter.add(elapsed_s, n)
        rate = meter.rate(elapsed_s)
        return rate, estimate(n, total, elapsed_s, rate)
