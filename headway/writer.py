"""How a running attempt reaches the store: each write numbered, repeated until answered, and put back if lost."""

import threading
from collections.abc import Callable

from headway.body import Members
from headway.errors import RedisUnavailable
from headway.logs import LogBuffer
from headway.patience import patiently
from headway.retries import Following
from headway.savepoint import Savepoint
from headway.settings import Settings
from headway.snapshot import EndedAttempt, Spec
from headway.store import Answer, Store
from headway.store.calls import Call, Flag, Holder


class Writer:
    """Writes the snapshots, log lines and saved values of the one attempt that `holder` stands for.

    `heed` is called with every answer that says something of the attempt. All but `start` and `end` raise
    `RedisUnavailable` when Redis did not answer; what was to be written still is, then.
    """

    def __init__(
        self, store: Store, settings: Settings, spec: Spec, holder: Holder, heed: Callable[[Answer], None]
    ) -> None:
        self.logs = LogBuffer(holder.job_id, holder.attempt, store.calls)
        self.savepoint = Savepoint(store, settings, holder)
        #: The fingerprint of the last accepted snapshot.
        self.written: object = None
        self._store = store
        self._outage_s = settings.outage_s
        self._spec = spec
        self._holder = holder
        self._heed = heed
        self._counter = 0
        self._given = 0
        self._giving = threading.Lock()
        self._to_restore = False
        self._unanswered: tuple[Call[Answer], object] | None = None

    def start(self, members: Members, fingerprint: object) -> Answer:
        """Begin the attempt.

        Raises:
            RedisUnavailable: Redis was away for longer than `HEADWAY_OUTAGE_S`.
        """
        self._counter += 1
        call = self._store.calls.start(self._holder, self._counter, members)
        answer = patiently(lambda: self._store.run(call), self._outage_s)
        if answer.accepted:
            self._take(answer)
            self.written = fingerprint
        return answer

    def write(self, members: Members, fingerprint: object, extra: str = "", flag: Flag = "") -> bool:
        """Write the next snapshot; whether it was accepted."""
        self._counter += 1
        call = self._store.calls.write(self._holder, self._counter, self._given, members, flag=flag, extra=extra)
        self._unanswered = call, fingerprint
        return self._repeat_unanswered()

    def flush(self) -> None:
        """Write what waits: log lines, a snapshot that was not answered, a saved value."""
        self._flush_logs()
        self._repeat_unanswered()
        self.savepoint.flush(self._given)

    def heartbeat(self) -> bool:
        """Raise the lease and hear what is asked; False if Redis came back empty, or older than it was."""
        answer = self._store.run(self._store.calls.heartbeat(self._holder, self._given, "reporter"))
        if answer.code == "unknown" or (answer.accepted and answer.seq < self._given):
            return False
        self._take(answer)
        return True

    def end(
        self, members: Members, ended: EndedAttempt, extra: str, large_result: str, following: Following | None
    ) -> None:
        """Write the attempt's last frame, or the queued one of the attempt that follows.

        Raises:
            RedisUnavailable: Redis was away for longer than `HEADWAY_OUTAGE_S`.
        """
        self._counter += 1
        # One call, so that each repeat carries the same counter and the store can tell it from a second end.
        call = self._store.calls.write(
            self._holder,
            self._counter,
            self._given,
            members if following is None else following.members,
            flag="" if following is None else "next",
            ended=ended,
            extra=extra,
            large_result=large_result,
            delay_s=0.0 if following is None else following.delay_s,
        )
        patiently(lambda: self._take(self._store.run(call)), self._outage_s)
        patiently(self._restore, self._outage_s)

    def mistrust(self) -> None:
        """Put back what may have been lost: Redis was away, and to do so once too often does no harm."""
        self._to_restore = True

    def _flush_logs(self) -> None:
        call = self.logs.take()
        if call is not None:
            try:
                self._store.run(call)
            except RedisUnavailable:
                self.logs.put_back()
                raise

    def _repeat_unanswered(self) -> bool:
        """Carry out the last write until it is answered: the store can tell a repeat, and no point is told twice."""
        if self._unanswered is None:
            return True
        call, fingerprint = self._unanswered
        answer = self._store.run(call)
        self._unanswered = None
        self._take(answer)
        if answer.accepted:
            self.written = fingerprint
        self._restore()
        return answer.accepted

    def _restore(self) -> None:
        """Put back what a Redis that came back empty lost beside the snapshot."""
        if self._to_restore:
            self._store.run(self._store.calls.restore(self._spec))
            self.savepoint.write_again()
            self._to_restore = False

    def _take(self, answer: Answer) -> None:
        self._to_restore = self._to_restore or answer.code == "restored"
        if answer.accepted:
            # Answers to two threads may arrive in the other order.
            with self._giving:
                self._given = max(self._given, answer.seq)
        self._heed(answer)
