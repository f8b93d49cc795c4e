"""How a running attempt gives way: what is asked of it is heard from the store, and done at its next step."""

import logging
import math
import threading
from collections.abc import Callable

from headway.collector import Collector
from headway.errors import AttemptOver, JobCanceled, JobTimedOut
from headway.gate import Clock, Gate
from headway.snapshot import Spec
from headway.status import Status
from headway.store import Answer

logger = logging.getLogger("headway.reporter")

_LOST = frozenset({"fenced", "over", "gone"})


class Obeying(Collector):
    """A collector whose threads wait or end, at their next step, when the store's answers or the clock say so."""

    def __init__(self, message_max: int, complain: Callable[[str], None], spec: Spec, clock: Clock) -> None:
        super().__init__(message_max, complain)
        self._spec = spec
        self._clock = clock
        self._status = Status.STARTED
        self._lost = ""
        self._overdue = ""
        self._heard_seq = 0
        self._hearing = threading.Lock()
        self._gate = Gate()
        self._urgent = threading.Event()

    def checkpoint(self) -> None:
        """Give way to what was asked of the job: while it is paused, wait.

        Raises:
            JobCanceled: its cancel was asked for.
            JobTimedOut: it has had the active time that its task allows.
            AttemptOver: another holder has the job, or it was deleted: nothing that this attempt says counts any more.
        """
        while self._to_pause() and not self._lost:
            self._pause()
        if self._lost:
            raise AttemptOver(self._spec.job_id, self._lost)
        if self.asked == "cancel":
            raise JobCanceled
        if self._overdue:
            raise JobTimedOut(self._spec.policy.timeout or 0.0)

    def _pause(self) -> None:
        self._clock.stop()
        self._gate.wait(lambda: self._to_pause() and not self._lost, self._hurry)
        self._clock.go_on()

    def _to_pause(self) -> bool:
        # The others are stopped by their worker, or not at all.
        return self.asked == "pause" and self._spec.policy.pause in {"auto", "cooperative"}

    def _mind_time(self) -> float:
        """How many active seconds are left; when there are none, the job hears of it at its next step."""
        timeout_s = self._spec.policy.timeout
        if timeout_s is None or self._overdue or self._gate.shut:
            return math.inf
        left_s = timeout_s - self._clock.read()[0]
        if left_s > 0:
            return left_s
        self._overdue = "timeout"
        with self._hearing:
            self.asked = self.asked or self._overdue
        self._progress.bars.interrupt()
        return math.inf

    def _hurry(self) -> None:
        self._urgent.set()
        self._wake.put(None)

    def _heed(self, answer: Answer) -> None:
        with self._hearing:
            self._hear(answer)
        # Taken back before it was acknowledged, nobody else would say so.
        if self.asked != "pause" and (self.asked or self._status is not Status.PAUSED):
            self._gate.open()

    def _hear(self, answer: Answer) -> None:
        if answer.accepted:
            self._clock.told_s = answer.paused_s
        if answer.accepted or answer.code in {"held", "withdrawn"}:
            before = self.asked
            # Answers to two threads may arrive in the other order.
            if answer.seq >= self._heard_seq:
                self._heard_seq, self.asked = answer.seq, answer.asked or self._overdue
            if self.asked:
                self._progress.bars.interrupt()
            if self.asked not in {"", before}:
                self._hurry()
            if answer.code == "withdrawn":
                self._status = Status.RUNNING
            if answer.code != "ok":
                # There is a frame to write still: when the worker has said that the job goes on, or of the last word.
                self._wake.put(None)
        elif answer.code in _LOST:
            self._lost = answer.code
            self.asked = "stop"
            self._progress.bars.interrupt()
            logger.warning("job %s: this attempt is over: %s", self._spec.job_id, answer.code)
