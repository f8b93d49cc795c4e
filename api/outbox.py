"""What goes out to one client: the latest of each thing that it waits for, and never a queue."""

import asyncio
from collections.abc import Coroutine, Generator, Hashable
from typing import Any, cast

from starlette.types import Message, Send

from api.ending import end

_CLOSING = object()


class Outbox:
    """Sends without a task of its own for as long as the client reads.

    A server's `send` ends at once unless the client's buffer is full, so it is driven by hand: no task is switched to.
    Once one waits, a task takes it over, and whatever comes meanwhile is kept in a slot for each key: a client that
    does not read costs a full buffer and a message for each job that it follows, however long it does not.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._slots: dict[Hashable, Message] = {}
        self._waiting: asyncio.Task[None] | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether nothing more is taken: it was closed, or the client has left."""
        return self._over

    async def drained(self) -> None:
        """Wait until the client has taken what it was sent, or has left."""
        if self._waiting is not None:
            await asyncio.wait({self._waiting})

    def put(self, key: Hashable, message: Message) -> None:
        """Send, in place of what may still wait under the same key."""
        if self._over:
            return
        if self._waiting is None:
            self._drive(message)
        else:
            self._slots[key] = message

    def close(self, message: Message) -> None:
        """Send what waits, then this, then nothing more."""
        self.put(_CLOSING, message)
        self._over = True

    async def abandon(self) -> None:
        """Give up what waits; the client has left."""
        self._over = True
        self._slots.clear()
        await end(self._waiting)

    def _drive(self, message: Message) -> None:
        sending = cast("Coroutine[Any, Any, None]", self._send(message))
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except OSError:
            self._over = True
            return
        self._waiting = asyncio.create_task(self._flush(_Begun(sending, waits_for)), name="headway-outbox")

    async def _flush(self, sending: "_Begun") -> None:
        try:
            await sending
            while self._slots:
                await self._send(self._slots.pop(next(iter(self._slots))))
        except OSError:
            self._over = True
            self._slots.clear()
        finally:
            self._waiting = None


class _Begun:
    """A coroutine that was driven until it had to wait, to be awaited from there."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, None, None]:
        waits_for = self._waits_for
        while True:
            failure: BaseException | None = None
            try:
                yield waits_for
            except BaseException as error:
                failure = error
            try:
                waits_for = self._coroutine.send(None) if failure is None else self._coroutine.throw(failure)
            except StopIteration:
                return
