"""What the reporter and its stand-in in a child process have in common: taking what a job's code says."""

import os
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from headway.bar import Bar, Phase
from headway.progress import Progress

#: Different faults of a job's values that are said.
COMPLAINTS_MAX = 100


class Collector:
    """Holds an attempt's progress, and wakes whoever passes it on. Any thread calls it."""

    def __init__(self, message_max: int, complain: Callable[[str], None]) -> None:
        self.asked = ""
        self._progress = Progress(message_max, complain)
        # Reentrant: a loop may end because its generator is collected, in the middle of anything.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._pending = False
        self._pid = os.getpid()

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Take values, as `headway.report` does."""
        self._progress.report(percent, message, n, total, unit)
        self._stir()

    def metric(self, measured: Mapping[Any, object]) -> None:
        """Take points, as `headway.metric` does."""
        self._progress.metrics.add(measured)
        self._stir()

    def open_bar(
        self, desc: object, total: object, unit: object, weight: object, source: list[Any] | None = None
    ) -> Bar:
        """Begin a loop, as `headway.track` does."""
        bar = self._progress.open_bar(desc, total, unit, weight, source)
        self._stir()
        return bar

    def open_phase(self, desc: object, weight: object, of: object) -> Phase:
        """Begin a phase, as `headway.phase` does."""
        phase = self._progress.open_phase(desc, weight, of)
        self._stir()
        return phase

    def close_bar(self, bar: Bar, *, complete: bool = False) -> None:
        """End a loop or a phase; `complete` says of a phase that all of it is done."""
        # A forked child that leaves a loop of its parent's finds locks that nobody will ever give back.
        if os.getpid() == self._pid:
            self._progress.bars.close(bar, complete=complete)
            self._stir()

    def _stir(self) -> None:
        if not self._pending:
            self._pending = True
            self._wake.put(None)
