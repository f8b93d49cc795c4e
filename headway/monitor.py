"""Who looks after jobs that wait: the due are queued, the lost put back, all kept alive and told their places."""

import logging

from redis.exceptions import ResponseError

from headway.engines import Engine
from headway.engines.base import attempts_of
from headway.errors import EngineUnavailable, RedisUnavailable, Unreadable
from headway.ghosts import Ghosts
from headway.lives import Lives
from headway.outside import give_way
from headway.positions import Positions
from headway.silence import Silences
from headway.stalls import Stalls
from headway.status import Status
from headway.store import Store

logger = logging.getLogger("headway.judge")

#: Seconds for which a waiting job may be in no queue: a worker may have just taken it.
LOST_ENTRY_S = 10.0
# Places and stalls are looked at with every fifth look: they cost more, and need no hurry.
_SLOWLY = 5


class Monitor:
    """Looks at the jobs that are queued and at the engine's queues. Any number of monitors may look at once."""

    def __init__(
        self, store: Store, engine: Engine, *, every_s: float = 1.0, lost_entry_s: float = LOST_ENTRY_S
    ) -> None:
        self.every_s = every_s
        self._looks = 0
        self._positions = Positions(store)
        self._ghosts = Ghosts(store, engine, every_s * _SLOWLY)
        self._stalls = Stalls(store, every_s * _SLOWLY)
        self._lives = Lives(store, engine)
        self._store = store
        self._engine = engine
        self._lost_entry_s = lost_entry_s
        self._missing = Silences(every_s)

    def look(self) -> None:
        """Look once.

        Raises:
            RedisUnavailable: Redis did not answer; the next look begins afresh.
        """
        try:
            delayed = self._store.run(self._store.calls.delayed())
            self._begin_due(delayed)
            waiting = self._store.run(self._store.calls.waiting())
            # Looked at after these: what is taken in between is missing for once.
            queues = self._engine.queues()
            self._put_back_lost(waiting, queues, set(delayed))
            if self._looks % _SLOWLY == 0:
                self._positions.look(queues)
                self._stalls.look()
                self._ghosts.look()
                self._lives.look()
            self._looks += 1
        except RedisUnavailable:
            self._missing.afresh()
            self._stalls.afresh()
            self._ghosts.afresh()
            raise

    def _begin_due(self, delayed: dict[str, float]) -> None:
        for job_id, left_s in delayed.items():
            # Whoever ends the delay queues the job; if it dies in between, the job is a lost one.
            if left_s <= 0 and self._store.run(self._store.calls.undelay(job_id)):
                self._enqueue(job_id)

    def _put_back_lost(self, waiting: list[str], queues: dict[str, list[str]], delayed: set[str]) -> None:
        queued = {job_id for ids in queues.values() for one in ids for job_id, _ in attempts_of(one)}
        missing = [job_id for job_id in waiting if job_id not in queued and job_id not in delayed]
        for job_id, missing_s in self._missing.look(dict.fromkeys(missing, "")).items():
            if missing_s < self._lost_entry_s:
                continue
            # A worker may take it before the next look, and needs its time to begin.
            self._missing.forget(job_id)
            if self._enqueue(job_id):
                logger.warning("job %s was in no queue for %.0f s, and is put back", job_id, missing_s)

    def _enqueue(self, job_id: str) -> bool:
        """Put a waiting job into its queue, or do what was asked of it; False if it does not wait."""
        try:
            stored = self._store.read(job_id)
            spec = self._store.run(self._store.calls.spec(job_id))
            if stored is None or spec is None or stored.status is not Status.QUEUED:
                self._store.run(self._store.calls.tidy(job_id))
                return False
            if stored.snapshot.control is not None:
                give_way(self._store, spec)
            self._engine.enqueue(spec, stored.snapshot.attempt)
        except (Unreadable, EngineUnavailable, ResponseError) as error:
            logger.warning("job %s waits in no queue, but: %s", job_id, error)
            return False
        return True
