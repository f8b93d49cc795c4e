"""Who keeps the keys of jobs that wait, and the engine's: nobody else writes them until they begin, and unwritten
keys expire."""

import logging

from redis.exceptions import ResponseError

from headway.engines import Engine
from headway.engines.base import engine_job_id
from headway.errors import Unreadable
from headway.store import Store
from headway.store.stored import is_own, own

logger = logging.getLogger("headway.judge")

#: How many are looked after in one look.
LIVES = 100


class Lives:
    """Renews the life of queued and held jobs; several may look at once."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def look(self) -> None:
        """Renew those that need it most.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        fading = self._store.run(self._store.calls.fading(LIVES))
        raws = self._store.run(self._store.calls.get_many(fading)) if fading else []
        for job_id, raw in zip(fading, raws, strict=True):
            try:
                owner = None
                if raw is not None and is_own(raw):
                    snapshot = own(job_id, raw).snapshot
                    owner = snapshot.owner
                    # With `tidy` its turn is over, for a quarter of its life.
                    self._engine.keep(engine_job_id(job_id, snapshot.attempt))
                self._store.run(self._store.calls.tidy(job_id, owner))
            except (Unreadable, ResponseError) as error:
                logger.warning("job %s waits, and its keys are not renewed: %s", job_id, error)
                # It would be the first one in every look, and at last stand before all others.
                self._store.run(self._store.calls.let_fade(job_id))
