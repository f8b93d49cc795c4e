"""How a running job hears at once that something is asked of it."""

import logging
import threading
from collections.abc import Callable

from redis.exceptions import RedisError

from headway.patience import AWAY_PAUSE_S
from headway.settings import Settings
from headway.store.connect import connect_ear

logger = logging.getLogger("headway.reporter")

# How soon its thread ends after `close`; nobody waits for it.
_LOOK_S = 1.0


class Ear:
    """Listens on one channel from construction to `close`, in a thread of its own, through outages of Redis.

    `hear` is called in that thread for every message, and whenever messages may have been missed.
    """

    def __init__(self, settings: Settings, channel: str, hear: Callable[[], None]) -> None:
        self._settings = settings
        self._channel = channel
        self._hear = hear
        self._closed = threading.Event()
        threading.Thread(target=self._listen, name="headway-ear", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with connect_ear(self._settings) as redis, redis.pubsub() as pubsub:
                    pubsub.subscribe(self._channel)
                    while not self._closed.is_set():
                        # The first one says that the channel is subscribed.
                        if pubsub.get_message(timeout=_LOOK_S) is not None:
                            self._hear()
            except (RedisError, OSError):
                self._closed.wait(AWAY_PAUSE_S)
            except Exception:
                logger.exception("a request could not be heard")
                self._closed.wait(AWAY_PAUSE_S)
