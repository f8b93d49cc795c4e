"""A worker's watch over the process of one attempt: its lease, its pause by signal, and force if it does not yield."""

import logging
import math
import os
import select
import signal
import time
from contextlib import suppress
from typing import Any, Literal
from uuid import uuid4

from redis.exceptions import RedisError

from headway import body, keys
from headway.actions import possible
from headway.ear import ThreadlessEar
from headway.errors import HeadwayError
from headway.gate import Clock
from headway.patience import AWAY_PAUSE_S
from headway.settings import Settings
from headway.snapshot import Spec
from headway.status import Status
from headway.store import Answer, Store
from headway.store.calls import Change, Holder
from headway.store.stored import Stored

logger = logging.getLogger("headway.worker")

# A job that is over sooner costs neither a connection nor a look.
_LISTEN_AFTER_S = 0.05
# How often it is looked whether the process has ended, where the system cannot tell.
_LOOK_S = 0.05
_TRIES = 20
_LOST = frozenset({"fenced", "over", "gone"})

Forced = Literal["canceled", "timed out", "lost"]


class Warden:
    """Watches over one attempt from the process that forked it, without a thread.

    The attempt begins with `holder` and counts its time on `clock`.
    """

    def __init__(self, store: Store, settings: Settings, spec: Spec, attempt: int) -> None:
        self.holder = Holder(spec.job_id, attempt, uuid4().hex, spec.owner)
        self.clock = Clock()
        #: Why the process was ended by force; None if it was not.
        self.forced: Forced | None = None
        self._store = store
        self._settings = settings
        self._policy = spec.policy
        self._ear = ThreadlessEar(settings, keys.requests(spec.job_id))
        self._listen_at_s = time.monotonic() + _LISTEN_AFTER_S
        self._beat_at_s = self._listen_at_s + settings.heartbeat_s
        self._pid = 0
        self._process: int | None = None
        self._given = 0
        self._asked = ""
        self._asked_at_s = 0.0
        self._lost_at_s = 0.0
        self._stopped = False
        # Whether it said that the process stands, and nothing else was asked since, whatever Redis has forgotten.
        self._stands = False
        self._yielded = False
        # Whether the store refuses the attempt's `running` writes, and whether it may do so.
        self._held = False
        self._maybe_held = False

    @property
    def timeout_s(self) -> float:
        """How long the attempt may be active."""
        return math.inf if self._policy.timeout is None else self._policy.timeout

    def wait(self, pid: int, timeout_s: float) -> tuple[int, int, Any] | None:
        """Watch over the process for so long; what `os.wait4` says of it as soon as it has ended, else None.

        Raises:
            ChildProcessError: somebody else has waited for it.
        """
        self._begin(pid)
        until_s = time.monotonic() + timeout_s
        while True:
            next_s = min(until_s, self._look())
            self._sleep(next_s - time.monotonic())
            waited = os.wait4(pid, os.WNOHANG)
            if waited[0]:
                return waited
            if time.monotonic() >= until_s:
                return None

    def close(self) -> None:
        """Let go of what it has open."""
        self._ear.close()
        if self._process is not None:
            os.close(self._process)
            self._process = None

    def _begin(self, pid: int) -> None:
        if not self._pid:
            self._pid = pid
            if hasattr(os, "pidfd_open"):
                with suppress(OSError):
                    self._process = os.pidfd_open(pid)

    def _sleep(self, timeout_s: float) -> None:
        """Until the process has ended, something is said, or the time is over."""
        waiting = select.poll()
        for descriptor in (self._process, self._ear.descriptor):
            if descriptor is not None:
                waiting.register(descriptor, select.POLLIN)
        if self._process is None:
            timeout_s = min(timeout_s, _LOOK_S)
        waiting.poll(max(0.0, math.ceil(timeout_s * 1000)))

    def _look(self) -> float:
        """Do what is due; when something will be again, on the monotonic clock."""
        now_s = time.monotonic()
        if now_s < self._listen_at_s:
            return self._listen_at_s
        try:
            if self._ear.heard() or now_s >= self._beat_at_s:
                self._beat(now_s)
            return min(self._beat_at_s, self._act(time.monotonic()))
        except (HeadwayError, RedisError) as error:
            logger.warning("job %s: its worker could not do what was asked: %s", self.holder.job_id, error)
            return now_s + AWAY_PAUSE_S

    def _beat(self, now_s: float) -> None:
        self._beat_at_s = now_s + AWAY_PAUSE_S
        # An attempt that begins while the answer is on its way was refused for not having begun.
        begun = self.clock.begun
        answer = self._store.run(self._store.calls.heartbeat(self.holder, self._given, "worker"))
        self._beat_at_s = now_s + self._settings.heartbeat_s
        if answer.accepted:
            if self._stopped and answer.seq < self._given:
                # Redis came back older than this pause.
                self._held = False
            self._given = max(self._given, answer.seq)
            self._lost_at_s = 0.0
            asked = answer.asked
            if not asked and self._stands and not self._stopped:
                # Redis had lost the job, and its reporter has put it back.
                asked = "pause"
            if asked != self._asked:
                self._asked, self._asked_at_s = asked, now_s
        elif begun:
            # What was stopped goes on, to learn or to mend it itself, and stands again after that.
            self._asked = ""
            self._go_on()
            self._held = self._maybe_held = False
            if answer.code in _LOST:
                self._lost_at_s = self._lost_at_s or now_s
                self._stands = False

    def _act(self, now_s: float) -> float:
        """Do what was asked; when to look again, on the monotonic clock."""
        if self.forced or not self.clock.begun:
            return math.inf
        if self.clock.ended:
            self._go_on()
            return math.inf
        if self._asked in {"resume", "cancel"}:
            self._stands = False
            self._go_on()
        if self._held and not self._stopped and self._asked == "resume":
            self._lift()
        due_s = self._pause(now_s)
        overdue: dict[Forced, float | None] = {
            "canceled": self._asked_at_s if self._asked == "cancel" else None,
            "lost": self._lost_at_s or None,
            "timed out": self._out_of_time_s(now_s),
        }
        for why, at_s in overdue.items():
            if at_s is not None:
                due_s = min(due_s, at_s + self._settings.cancel_grace_s)
                if now_s >= at_s + self._settings.cancel_grace_s:
                    self._force(why)
        return due_s

    def _out_of_time_s(self, now_s: float) -> float | None:
        """When the attempt has had its time, if it is active until then."""
        return None if math.isinf(self.timeout_s) else now_s + self.timeout_s - self.clock.read()[0]

    def _pause(self, now_s: float) -> float:
        if self._stopped:
            if not self._held or self._asked == "pause":
                self._acknowledge()
            return math.inf
        if self._asked != "pause" or self._policy.pause not in {"auto", "signal"}:
            return math.inf
        # What stood already has had its grace.
        at_once = self._policy.pause == "signal" or self._stands or self._held
        due_s = self._asked_at_s + (0.0 if at_once else self._settings.pause_grace_s)
        if now_s < due_s:
            return due_s
        self._signal(signal.SIGSTOP)
        self._stopped = True
        # Such an attempt acknowledges by itself what comes after.
        self._yielded = self.clock.stands
        self.clock.hold()
        if self.clock.ended:
            self._go_on()
        else:
            self._acknowledge()
        return math.inf

    def _acknowledge(self) -> None:
        """Write that the stopped process is paused; let it go on if that is not asked for any more."""
        for _ in range(_TRIES):
            stored = self._own()
            if stored is None:
                break
            asked = _asked_of(stored)
            # Paused without us, it waits at a step; after a reply that was lost it may be so by our own word.
            ours = self._stands or (stored.status is Status.PAUSED and self._maybe_held)
            if asked != "pause" and (asked or not ours):
                break
            self._maybe_held = True
            if self._change(stored, Status.PAUSED, frozenset({"hold", "acknowledge"})).accepted:
                self._held, self._stands, self._asked = True, True, ""
                return
        self._go_on()
        self._asked, self._stands = "", False
        self._maybe_held = self._held

    def _lift(self) -> None:
        """Write that the process goes on, unless it is to stand again."""
        for _ in range(_TRIES):
            stored = self._own()
            if stored is None or stored.status is not Status.PAUSED:
                break
            asked = _asked_of(stored)
            if asked == "pause":
                # Asked for since, while nobody had heard yet that it went on.
                self._asked = asked
                return
            # Who waits at a step says so by itself when it goes on.
            flags: frozenset[Change] = frozenset({"resume"})
            if asked == "resume" and not self._yielded:
                flags |= {"acknowledge"}
            status = Status.PAUSED if self._yielded else Status.RUNNING
            if self._change(stored, status, flags).accepted:
                break
        self._asked, self._held, self._maybe_held = "", False, False

    def _own(self) -> Stored | None:
        """The snapshot, while it is this attempt's."""
        stored = self._store.read(self.holder.job_id)
        if stored is None or stored.adopted or stored.status.terminal:
            return None
        return stored if stored.snapshot.attempt == self.holder.attempt else None

    def _change(self, stored: Stored, status: Status, flags: frozenset[Change]) -> Answer:
        elapsed_s, paused_s = self.clock.read()
        members = body.decode(stored.raw) | {
            "status": status.value,
            "can": possible(status, self._policy),
            "elapsed_s": round(elapsed_s, 3),
            "paused_s": round(paused_s, 3),
        }
        return self._store.run(
            self._store.calls.change(
                self.holder.job_id,
                stored.seq,
                members,
                request=uuid4().hex,
                flags=flags,
                paused_s=self.clock.held_s,
            )
        )

    def _go_on(self) -> None:
        if self._stopped:
            self.clock.let_go()
            self._signal(signal.SIGCONT)
            self._stopped = False

    def _force(self, why: Forced) -> None:
        logger.warning("job %s did not give way, its processes are ended: %s", self.holder.job_id, why)
        self.forced = why
        self._go_on()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # The attempt has begun, so its process has made the group that bears its id.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)


def _asked_of(stored: Stored) -> str:
    return stored.snapshot.control.requested if stored.snapshot.control else ""
