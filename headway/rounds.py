"""Looking again and again, whatever comes."""

import logging
import threading
import time
from collections.abc import Callable

from headway.errors import RedisUnavailable

logger = logging.getLogger("headway.judge")


def keep_looking(look: Callable[[], None], every_s: float, stop: threading.Event) -> None:
    """Call `look` every `every_s` seconds until `stop` is set; a Redis that is away is waited for."""
    away = False
    while not stop.is_set():
        began_s = time.monotonic()
        try:
            look()
            if away:
                logger.info("Redis answers again")
            away = False
        except RedisUnavailable as error:
            if not away:
                logger.warning("%s; it is waited for", error)
            away = True
        except Exception:
            # Whoever watches over jobs must not end by what one of them has left behind.
            logger.exception("a look went wrong")
        stop.wait(max(0.0, began_s + every_s - time.monotonic()))
