"""Who closes, in the engine's books, what a dead worker left open there."""

from headway.engines import Engine
from headway.engines.base import attempts_of
from headway.errors import InvalidJobId, Unreadable
from headway.silence import Silences
from headway.status import Status
from headway.store import Store

#: Seconds since an attempt was over until what the engine has of it counts as a ghost: its worker closes its own.
GHOST_S = 30.0


class Ghosts:
    """Looks for attempts that the engine believes to run, or about to, and that are over."""

    def __init__(self, store: Store, engine: Engine, every_s: float, *, ghost_s: float = GHOST_S) -> None:
        self._store = store
        self._engine = engine
        self._ghost_s = ghost_s
        self._over = Silences(every_s)

    def afresh(self) -> None:
        """Know of nothing that was before now."""
        self._over.afresh()

    def look(self) -> None:
        """Look once.

        Raises:
            RedisUnavailable: Redis did not answer.
        """
        ends = {engine_job_id: self._end(engine_job_id) for engine_job_id in self._engine.running()}
        over = {engine_job_id: end for engine_job_id, end in ends.items() if end is not None}
        for engine_job_id, over_s in self._over.look(over).items():
            if over_s >= self._ghost_s:
                self._engine.bury(engine_job_id, finished=over[engine_job_id] == Status.FINISHED)

    def _end(self, engine_job_id: str) -> str | None:
        """How the attempt with this id ended; None while it goes on."""
        end = Status.FAILED
        for job_id, attempt in attempts_of(engine_job_id):
            try:
                stored = self._store.read(job_id)
            except Unreadable:
                return None
            except InvalidJobId:
                # Somebody else's, in a queue of ours.
                continue
            if stored is None or stored.snapshot.attempt < attempt:
                continue
            if stored.snapshot.attempt == attempt:
                if not stored.status.terminal:
                    return None
                end = stored.status
        return end.value
