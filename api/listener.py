"""The process's one subscription connection to Redis."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from api.ending import end
from headway.settings import Settings
from headway.store.connect import connect_listener

#: Seconds of silence after which the connection is asked whether it lives, and after which it counts as dead.
PING_S = 5.0
DEAD_S = 15.0
_ANSWER_S = 1.0
_BATCH = 500
_BACKOFF_MAX_S = 5.0
_log = logging.getLogger("headway.api")


class Listener:
    """Keeps a set of channels subscribed.

    Only its own task touches the connection; everyone else says what they want in `_wanted` and wakes it. The
    callbacks are called in that task and must not block: `on_message(channel, payload)`, `on_confirmed(channel)`
    whenever Redis acknowledged a subscription, after a lost connection too, and `on_lost()`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_message: Callable[[str, bytes], None],
        on_confirmed: Callable[[str], None],
        on_lost: Callable[[], None],
        ping_s: float = PING_S,
    ) -> None:
        self._redis = connect_listener(settings)
        self._on_message = on_message
        self._on_confirmed = on_confirmed
        self._on_lost = on_lost
        self._ping_s = ping_s
        self._wanted: dict[str, asyncio.Event] = {}
        self._sent: set[str] = set()
        self._acks_due: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._reading: asyncio.Timeout | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost = False
        self._heard_at: float | None = None
        self.channels = 0

    @property
    def lost(self) -> bool:
        """Whether channels are wanted that no connection has subscribed since the last one was lost."""
        return self._lost and bool(self._wanted)

    @property
    def alive(self) -> bool:
        """Whether the connection was heard of as lately as its pings make sure of."""
        return self._heard_at is not None and (
            asyncio.get_running_loop().time() - self._heard_at < self._ping_s + _ANSWER_S
        )

    def start(self) -> None:
        """Begin listening in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="headway-listener")

    async def close(self) -> None:
        """Give the connection up."""
        await end(self._task)
        await self._redis.aclose()

    def listen(self, channel: str) -> asyncio.Event:
        """Ask for a channel; the event is set while Redis has it subscribed."""
        if channel not in self._wanted:
            confirmed = self._wanted[channel] = asyncio.Event()
            if channel in self._sent and channel not in self._acks_due:
                # It was given up a moment ago, and nobody has told Redis yet.
                confirmed.set()
            self._interrupt()
        return self._wanted[channel]

    def ignore(self, channel: str) -> None:
        """Give a channel up."""
        if self._wanted.pop(channel, None) is not None:
            self._interrupt()

    def _interrupt(self) -> None:
        """Make the reading task send what is wanted now."""
        self._changed.set()
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())
            self._reading = None

    async def _run(self) -> None:
        failures = 0
        while True:
            pubsub = self._redis.pubsub()
            try:
                await self._serve(pubsub)
            except (RedisError, OSError) as error:
                failures = 1 if self._sent else failures + 1
                if not self._lost:
                    _log.warning("the subscription to Redis was lost: %s", error)
            except Exception:
                # A process that hears nothing any more would go on serving what it knows: it listens anew instead.
                failures += 1
                _log.exception("the subscription to Redis is begun again")
            finally:
                self._forget_connection()
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            self._lost = True
            self._on_lost()
            await asyncio.sleep(min(0.05 * 2 ** min(failures, 10), _BACKOFF_MAX_S) * random.uniform(0.5, 1.0))

    def _forget_connection(self) -> None:
        self._sent.clear()
        self._acks_due.clear()
        self._heard_at = None
        self.channels = 0
        for confirmed in self._wanted.values():
            confirmed.clear()
        self._changed.set()

    async def _serve(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        self._heard_at = loop.time()
        connected = False
        while True:
            self._changed.clear()
            await self._send_changes(pubsub)
            connected = connected or bool(self._sent)
            if not connected:
                # There is no connection to read before the first channel.
                await self._changed.wait()
                self._heard_at = loop.time()
                continue
            if not await self._read(pubsub):
                silent_s = loop.time() - self._heard_at
                if silent_s > DEAD_S:
                    raise RedisConnectionError(f"nothing was heard for {DEAD_S:g} s")
                if silent_s >= self._ping_s / 2:
                    await pubsub.ping()

    async def _read(self, pubsub: PubSub) -> bool:
        """Take what comes until other channels are wanted, or some time has passed; False if that was it.

        redis-py's reads may be broken off: what was received stays in its buffer for the next one.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._ping_s / 2) as self._reading:
                while not self._changed.is_set():
                    for _ in range(_BATCH):
                        message = await pubsub.get_message(timeout=None)
                        self._heard_at = loop.time()
                        self._take(message)
                    # A read that always finds something never lets anybody else go on.
                    await asyncio.sleep(0)
        except TimeoutError:
            return self._changed.is_set()
        finally:
            self._reading = None
        return True

    async def _send_changes(self, pubsub: PubSub) -> None:
        dropped = list(self._sent - self._wanted.keys())
        added = list(self._wanted.keys() - self._sent)
        for first in range(0, len(dropped), _BATCH):
            batch = dropped[first : first + _BATCH]
            # First, so that a channel that is asked for again meanwhile does not count as still subscribed.
            self._sent.difference_update(batch)
            await pubsub.unsubscribe(*batch)
        for first in range(0, len(added), _BATCH):
            batch = added[first : first + _BATCH]
            await pubsub.subscribe(*batch)
            self._sent.update(batch)
            for channel in batch:
                self._acks_due[channel] = self._acks_due.get(channel, 0) + 1

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        if message["type"] == "message":
            self._on_message(message["channel"].decode(errors="replace"), message["data"])
        elif message["type"] == "subscribe":
            self.channels = int(message["data"])
            self._confirm(message["channel"].decode(errors="replace"))
        elif message["type"] == "unsubscribe":
            self.channels = int(message["data"])

    def _confirm(self, channel: str) -> None:
        self._lost = False
        due = self._acks_due.get(channel, 0) - 1
        if due > 0:
            # It was given up and asked for again meanwhile: only the last acknowledgement counts.
            self._acks_due[channel] = due
            return
        self._acks_due.pop(channel, None)
        if channel in self._wanted:
            self._wanted[channel].set()
            self._on_confirmed(channel)
