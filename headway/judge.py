"""Who declares a running attempt lost: its holders raise a lease, and somebody has to notice that they stopped."""

import json
import logging
import os
import socket
from typing import Any

from redis.exceptions import ResponseError

from headway import keys
from headway.errors import JobNotFound, RedisUnavailable, Unreadable
from headway.outside import fail_silent
from headway.settings import Settings
from headway.silence import Silences
from headway.store import Store
from headway.store.calls import Call

logger = logging.getLogger("headway.judge")

#: Seconds after which a judge that says nothing counts as gone, and until nothing speaks of it any more.
SILENCE_S = 12
_FORGET_S = 60
_LOOKS = 12


class Judge:
    """Looks at the last beat of every running attempt, and declares lost those that stay the same for `HEADWAY_LOST_S`.

    No wall clock and no key's expiry has a say. Any number of judges may look at once: the store takes the first one's
    word, and none at all if the holder was heard of in the meantime.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.every_s = settings.lost_s / _LOOKS
        self._store = store
        self._lost_s = settings.lost_s
        self._silences = Silences(self.every_s)

    def look(self) -> None:
        """Look once.

        Raises:
            RedisUnavailable: Redis did not answer; the next look begins afresh.
        """
        try:
            self._store.run(announce())
            beats = self._store.run(self._store.calls.beats())
            for job_id, silent_s in self._silences.look(beats).items():
                if silent_s >= self._lost_s:
                    self._declare_lost(job_id, beats[job_id], silent_s)
        except RedisUnavailable:
            self._silences.afresh()
            raise

    def _declare_lost(self, job_id: str, beat: str, silent_s: float) -> None:
        try:
            if fail_silent(self._store, job_id, beat, silent_s):
                logger.warning("job %s: its worker was silent for %.0f s, and is taken for dead", job_id, silent_s)
                return
        except JobNotFound:
            pass
        except (Unreadable, ResponseError) as error:
            logger.warning("job %s: its worker is silent, but: %s", job_id, error)
        # Nobody's attempt: it is taken off the list, if it is not on it for a reason.
        self._store.run(self._store.calls.tidy(job_id))


def announce() -> Call[None]:
    """Say that a judge is there."""
    said = json.dumps({"host": socket.gethostname(), "pid": os.getpid()})
    return Call(_nothing, commands=(("SET", keys.JUDGE, said, "EX", _FORGET_S),))


def is_there() -> Call[bool]:
    """Whether a judge has looked within `SILENCE_S`, by Redis' clock."""
    return Call(_fresh, commands=(("PTTL", keys.JUDGE),))


def _nothing(raw: list[Any]) -> None:
    return None


def _fresh(raw: list[Any]) -> bool:
    return int(raw[0]) > (_FORGET_S - SILENCE_S) * 1000
