"""Who notices jobs that are alive and get no further."""

import logging
import time

from redis.exceptions import ResponseError

from headway import body
from headway.clock import format_utc
from headway.errors import Unreadable
from headway.silence import Silences
from headway.store import Store

logger = logging.getLogger("headway.judge")


class Stalls:
    """Marks as stalled, in their snapshots, jobs that reported nothing new for longer than their task's `stall_s`.

    The mark goes with the next thing that such a job reports: its reporter writes every member anew.
    """

    def __init__(self, store: Store, every_s: float) -> None:
        self._store = store
        self._silences = Silences(every_s)
        self._stall_s: dict[str, float] = {}
        self._marked: dict[str, str] = {}

    def afresh(self) -> None:
        """Know of nothing that was before now."""
        self._silences.afresh()

    def look(self) -> None:
        """Look once at every running job.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        beats = self._store.run(self._store.calls.beats())
        said = self._store.run(self._store.calls.progress(list(beats)))
        self._stall_s = {job_id: stall_s for job_id, stall_s in self._stall_s.items() if job_id in said}
        self._marked = {job_id: text for job_id, text in self._marked.items() if said.get(job_id) == text}
        for job_id, silent_s in self._silences.look(said).items():
            if job_id not in self._marked and silent_s > self._patience_s(job_id):
                self._mark(job_id, said[job_id], silent_s)

    def _patience_s(self, job_id: str) -> float:
        if job_id not in self._stall_s:
            try:
                spec = self._store.run(self._store.calls.spec(job_id))
            except (Unreadable, ResponseError):
                spec = None
            self._stall_s[job_id] = float("inf") if spec is None else spec.policy.stall_s
        return self._stall_s[job_id]

    def _mark(self, job_id: str, said: str, silent_s: float) -> None:
        try:
            stored = self._store.read(job_id)
        except (Unreadable, ResponseError) as error:
            logger.warning("job %s gets no further, but: %s", job_id, error)
            return
        # After it was read: what it says from now on makes the write below come too late.
        still = self._store.run(self._store.calls.progress([job_id])).get(job_id) == said
        if stored is None or not still:
            return
        self._marked[job_id] = said
        before = stored.snapshot
        if before.stalled_since is None:
            since = min(before.updated_at, format_utc(time.time() - silent_s))
            members = body.decode(stored.raw) | {"stalled_since": since}
            request = f"stalled:{said}"
            answer = self._store.run(self._store.calls.change(job_id, stored.seq, members, request=request))
            if not answer.accepted:
                del self._marked[job_id]
