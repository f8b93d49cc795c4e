"""The one writer of a running attempt: collects in memory, and a thread writes what is new."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from headway import body, keys, past_runs, retries
from headway.actions import possible
from headway.bar import Bar, Mirror
from headway.body import Members
from headway.clock import utc_now
from headway.collector import COMPLAINTS_MAX
from headway.ear import Ear
from headway.encode import size_bytes
from headway.errors import RedisUnavailable
from headway.gate import Clock
from headway.metrics import as_extra
from headway.obeying import Obeying
from headway.outside import give_way
from headway.patience import AWAY_PAUSE_S, patiently
from headway.relay import Relay
from headway.settings import Settings
from headway.snapshot import EndedAttempt, JobError, Spec
from headway.status import Status
from headway.store import Answer, Store
from headway.store.calls import Holder
from headway.writer import Writer

logger = logging.getLogger("headway.reporter")

# A job that is over sooner need not hear what is asked of it.
_LISTEN_AFTER_S = 0.05


class Reporter(Obeying):
    """Owns the body of a job's snapshot from `start` until the attempt's end.

    Changes of state and the last frame are written at once by the caller's thread. Everything else waits for the flush
    thread, which writes at most every `flush_s`, the first value at once and the last one always. `look` is called with
    every heartbeat. What child processes report arrives through the relay at `address`.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        spec: Spec,
        holder: Holder,
        worker: str,
        look: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(settings.message_max, self.complain, spec, clock or Clock())
        self.address: str | None = None
        self._look = look
        self._store = store
        self._settings = settings
        self._holder = holder
        self._worker = worker
        self._writer = Writer(store, settings, spec, holder, self._heed)
        self._complaints: set[str] = set()
        self._recalled = False
        self._started_at = ""
        self._relay: Relay | None = None
        self._ear: Ear | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._flush_until_ending, name="headway-flush", daemon=True)

    def start(self) -> Answer:
        """Begin the attempt; the job may run only if the answer is accepted.

        Raises:
            RedisUnavailable: Redis was away for longer than `HEADWAY_OUTAGE_S`.
        """
        self._started_at = utc_now()
        self._clock.start()
        answer = self._writer.start(self._members() | {"message": "starting..."}, self._progress.fingerprint)
        if answer.accepted:
            self._clock.begin()
            self._thread.start()
            self._relay = Relay(self)
            self.address = self._relay.address
        return answer

    def log(self, line: object) -> None:
        """Take a log line."""
        self._writer.logs.add(line)
        self._stir()

    def take_points(self, points: list[Any], dropped: int) -> None:
        """Take points that a child process measured."""
        self._progress.metrics.extend(points, dropped)
        self._stir()

    def mirror(self, desc: object, unit: object, weight: object, inside: Bar | None) -> Mirror:
        """Take in a child process' bar."""
        bar = self._progress.mirror(desc, unit, weight, inside)
        self._stir()
        return bar

    def complain(self, sentence: str) -> None:
        """Say a fault of the job's values once in its log."""
        if sentence not in self._complaints and len(self._complaints) < COMPLAINTS_MAX:
            self._complaints.add(sentence)
            self._writer.logs.add(f"headway: {sentence}")
            logger.warning("job %s: %s", self._holder.job_id, sentence)

    def save_checkpoint(self, value: object) -> None:
        """Keep a value for the job's next attempt, as `headway.save_checkpoint` does."""
        self._writer.savepoint.save(value)
        self._stir()

    def load_checkpoint(self) -> Any:
        """What was kept, as `headway.load_checkpoint` says it."""
        return self._writer.savepoint.load()

    def finish(self, result_json: str) -> None:
        """Write the last frame of an attempt that succeeded; a result too large for a snapshot is kept beside it."""
        large_result, result = "", json.loads(result_json)
        if size_bytes(result_json) > self._settings.result_max_bytes:
            large_result = result_json
            result = {"href": f"/jobs/{self._holder.job_id}/result", "bytes": size_bytes(result_json)}
        last = {"percent": 100, "fraction": 1.0, "message": "complete", "eta_s": 0.0, "eta_range_s": None}
        self._end(Status.FINISHED, last | {"result": result}, None, large_result)

    def fail(self, error: JobError) -> None:
        """Write the last frame of an attempt that failed, or, where retries are left, the job's next attempt."""
        following = None
        if self.asked != "cancel":
            following = retries.following(self._spec, self._holder.attempt, error)
        self._end(Status.FAILED, {"message": "error", "error": error.model_dump()}, error, following=following)
        if following is not None and self.asked in {"pause", "cancel"}:
            patiently(lambda: give_way(self._store, self._spec), self._settings.outage_s)

    def cancel(self) -> None:
        """Write the last frame of an attempt that was canceled; the percent it reached stays."""
        self._end(Status.CANCELED, {"message": "canceled"}, None)

    def _end(
        self,
        status: Status,
        last: Members,
        error: JobError | None,
        large_result: str = "",
        following: retries.Following | None = None,
    ) -> None:
        self._clock.end()
        if self._relay is not None:
            # First, since what child processes have sent by now is the job's last word too.
            self._relay.close()
            self._relay = None
        self._ending.set()
        self._hurry()
        self._thread.join()
        if self._ear is not None:
            self._ear.close()
        finished_at = utc_now()
        ended = EndedAttempt(
            attempt=self._holder.attempt, status=status, error=error, worker=self._worker,
            started_at=self._started_at, finished_at=finished_at,
        )  # fmt: skip
        # What was said last is its own frame, even if the end comes right after it.
        patiently(self._flush, self._settings.outage_s)
        self._status = status
        members = self._members() | {"finished_at": finished_at} | last
        extra = as_extra(*self._progress.metrics.take())
        self._writer.end(members, ended, extra, large_result, following)

    def _flush_until_ending(self) -> None:
        heartbeat_due_s = time.monotonic() + self._settings.heartbeat_s
        while not self._ending.is_set() and not self._lost:
            left_s = self._mind_time()
            silent = False
            if self._gate.shut or not self._progress.bars.any_open:
                wait_s = heartbeat_due_s - time.monotonic() if self._ear is not None else _LISTEN_AFTER_S
                try:
                    self._wake.get(timeout=max(0.0, min(wait_s, left_s)))
                except Empty:
                    silent = True
            self._pending = False
            if self._ending.is_set():
                return
            try:
                self._flush()
                if time.monotonic() >= heartbeat_due_s:
                    self._heartbeat()
                    heartbeat_due_s = time.monotonic() + self._settings.heartbeat_s
                self._listen()
                self._recall()
                # After a silence the first value goes at once.
                if not silent:
                    # Not in step with a job that takes just as long for each round.
                    self._urgent.wait(self._settings.flush_s * random.uniform(1.0, 1.15))
                self._urgent.clear()
            except RedisUnavailable:
                self._writer.mistrust()
                self._wake.put(None)
                self._ending.wait(AWAY_PAUSE_S)
            except Exception:
                # The thread carries the lease: no defect of ours in one frame may end it.
                logger.exception("a snapshot of job %s could not be written", self._holder.job_id)
                self._ending.wait(AWAY_PAUSE_S)

    def _flush(self) -> None:
        self._writer.flush()
        fingerprint = self._progress.fingerprint
        if self._gate.shut and self._to_pause():
            self._write_turn(Status.PAUSED, fingerprint)
        elif self.asked == "resume" and not self._gate.shut:
            self._write_turn(Status.RUNNING, fingerprint)
        elif fingerprint != self._writer.written:
            self._status = Status.PAUSED if self._gate.shut else Status.RUNNING
            points, dropped = self._progress.metrics.take()
            if not self._writer.write(self._members(), fingerprint, as_extra(points, dropped)):
                self._progress.metrics.put_back(points, dropped)

    def _heartbeat(self) -> None:
        self._look()
        if not self._writer.heartbeat():
            # The truth is here.
            self._writer.write(self._members(), self._writer.written)

    def _write_turn(self, status: Status, fingerprint: object) -> None:
        """Acknowledge a pause or a resume."""
        self._status = status
        self._writer.write(self._members(), fingerprint, flag="acknowledge")

    def _listen(self) -> None:
        """Be told at once of what is asked; a job that ends at once needs none of it."""
        if self._ear is None:
            self._ear = Ear(self._settings, keys.requests(self._holder.job_id), self._ask)

    def _recall(self) -> None:
        """Hear once how long earlier runs of the task took; a job that ends at once need not know."""
        if not self._recalled:
            self._progress.recall(self._store.run(past_runs.read(self._spec.task)))
            self._recalled = True

    def _ask(self) -> None:
        with suppress(RedisUnavailable):
            self._writer.heartbeat()

    def _members(self) -> Members:
        elapsed_s, paused_s = self._clock.read()
        return (
            body.queued(self._spec)
            | self._progress.members(elapsed_s, ceiling=100 if self._status is Status.FINISHED else 99)
            | {
                "status": self._status.value,
                "worker": self._worker,
                "elapsed_s": round(elapsed_s, 3),
                "paused_s": round(paused_s, 3),
                "can": possible(self._status, self._spec.policy),
                "started_at": self._started_at,
                "heartbeat_at": utc_now(),
            }
        )
