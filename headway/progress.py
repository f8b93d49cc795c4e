"""What an attempt has said so far, as members of a snapshot: bookkeeping without Redis or threads of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headway import values
from headway.bar import Bar, Mirror, Phase
from headway.bars import Bars
from headway.body import Members
from headway.eta import Eta, Forecast, Past, Rate, RateMeter, estimate
from headway.metrics import Metrics
from headway.values import Number

DESC_MAX = 200
UNIT_MAX = 40

# What a later look, from another thread, finds as it was when it was said.
_PLAIN = frozenset({int, float, str})


@dataclass(frozen=True, slots=True)
class Said:
    """What `report` was told last, made fit to show; None where it was told nothing."""

    message: str
    n: Number | None
    total: Number | None
    percent: Number | None
    unit: str | None


class Progress:
    """Collects values while a job runs. The job's threads write, the flush thread reads."""

    def __init__(self, message_max: int, complain: Callable[[str], None]) -> None:
        self.bars = Bars()
        self.metrics = Metrics(complain)
        self._message_max = message_max
        self._complain = complain
        self._lock = threading.RLock()
        self._message: object = ""
        self._n: object = None
        self._total: object = None
        self._percent: object = None
        self._unit: object = None
        self._n_meter = RateMeter()
        self._fraction_meter = RateMeter()
        self._forecast = Forecast()
        self._shown_percent = 0
        self._shown_size: object = None

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take what `headway.report` was given; None leaves a value as it was.

        It is called in inner loops, and most of what it takes is never written: plain values are looked at then.
        """
        if message is not None and type(message) not in _PLAIN:
            message = values.text(message, self._message_max, self._complain)
        if n is not None and type(n) not in _PLAIN:
            n = values.number(n, self._complain)
        with self._lock:
            if message is not None:
                self._message = message
            if n is not None:
                self._n = n
            if total is not None:
                self._total = total if type(total) in _PLAIN else values.number(total, self._complain)
            if percent is not None:
                self._percent = percent if type(percent) in _PLAIN else values.number(percent, self._complain)
            if unit is not None:
                self._unit = values.text(unit, UNIT_MAX, self._complain)

    def open_bar(
        self, desc: object, total: object, unit: object, weight: object, source: list[Any] | None = None
    ) -> Bar:
        """Begin a loop; an outer one speaks for the job from now on, whatever `report` said before."""
        bar = self.bars.open(
            values.text(desc, DESC_MAX, self._complain),
            values.total(total, self._complain),
            values.text(unit, UNIT_MAX, self._complain),
            self._weight(weight),
            source,
        )
        self._give_way_to(bar)
        return bar

    def open_phase(self, desc: object, weight: object, of: object) -> Phase:
        """Begin a phase, as `open_bar` a loop."""
        text = values.text(desc, DESC_MAX, self._complain)
        whole = None if of is None else self._weight(of) or None
        phase = self.bars.open_phase(text, self._weight(weight), whole)
        self._give_way_to(phase)
        return phase

    def mirror(self, desc: object, unit: object, weight: object, inside: Bar | None) -> Mirror:
        """Take in a bar of a child process."""
        text, unit_text = values.text(desc, DESC_MAX, self._complain), values.text(unit, UNIT_MAX, self._complain)
        bar = self.bars.mirror(text, unit_text, self._weight(weight), inside)
        self._give_way_to(bar)
        return bar

    @property
    def said(self) -> Said:
        """What `report` was told last."""
        with self._lock:
            message, n, total, percent, unit = self._message, self._n, self._total, self._percent, self._unit
        exact = values.number(percent, self._complain)
        if exact is not None:
            # For the sentence that it says about what is out of range.
            values.percent(exact, self._complain)
        return Said(
            message=values.text(message, self._message_max, self._complain),
            n=values.count(n, self._complain),
            total=values.total(total, self._complain),
            percent=None if exact is None else min(max(exact, 0), 100),
            unit=None if unit is None else str(unit),
        )

    @property
    def fingerprint(self) -> object:
        """Differs when there is something new to write."""
        return (self.said, self.metrics.count, self.bars.positions, self._forecast.past is not None)

    def recall(self, past: Past | None) -> None:
        """Take what is known of the task's past runs."""
        self._forecast.past = past

    def members(self, elapsed_s: float, ceiling: int = 99) -> Members:
        """The snapshot's members that speak of progress, after `elapsed_s` of active time.

        `ceiling` is the highest percent of a bar: 100 belongs to a finished job.
        """
        said, main, phase = self.said, self.bars.main, self.bars.phase
        n = said.n if said.n is not None or main is None else main.count
        total = said.total if said.total is not None or main is None else main.goal
        fraction = self._fraction(said, n, total)
        rate, current = self._pace(said, total, fraction, elapsed_s)
        eta = self._forecast.eta(fraction, total, elapsed_s, current)
        desc = next((bar.desc for bar in (main, phase) if bar is not None and bar.desc), None)
        return {
            "percent": self._percent_of(fraction, (said.total, self.bars.size)),
            # A job that says nothing is at what its loop is called.
            "message": said.message or desc or "",
            "fraction": fraction,
            "n": n,
            "total": total,
            "unit": main.unit if said.unit is None and main is not None else said.unit,
            "desc": desc,
            "rate": None if rate is None else rate.per_s,
            "eta_s": None if eta is None else eta.eta_s,
            "eta_range_s": None if eta is None else eta.range_s,
            "bars": self.bars.members(ceiling),
            "metrics": self.metrics.latest,
        }

    def _weight(self, weight: object) -> float:
        return values.count(weight, self._complain) or 0.0

    def _give_way_to(self, bar: Bar) -> None:
        if bar.parent is None:
            with self._lock:
                self._n = self._total = self._percent = self._unit = None

    def _fraction(self, said: Said, n: Number | None, total: Number | None) -> float | None:
        if said.percent is not None:
            return said.percent / 100
        if said.total is None and self.bars.any_seen:
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
        self, said: Said, total: Number | None, fraction: float | None, elapsed_s: float
    ) -> tuple[Rate | None, Eta | None]:
        main = self.bars.main
        meter, done = self._n_meter, said.n
        if done is None and main is not None:
            meter, done = main.meter, main.reached
        rate = None
        if done is not None:
            meter.add(elapsed_s, done)
            rate = meter.rate(elapsed_s)
            if total is not None and (said.n is not None or main is self.bars.only):
                return rate, estimate(done, total, elapsed_s, rate)
        # Several bars, or a percent alone, have no unit in common, but they have an end.
        if fraction is None:
            return rate, None
        self._fraction_meter.add(elapsed_s, fraction)
        return rate, estimate(fraction, 1.0, elapsed_s, self._fraction_meter.rate(elapsed_s))
