"""What one client says on a socket, and how much of it is heard."""

import time

from starlette.types import Receive

from api import closing
from api.outbox import Outbox

#: So many messages at once, and so many a second after that.
BURST = 60
PER_S = 20.0


class Incoming:
    """Reads a client's messages; one that says too much, or no text, is sent away."""

    def __init__(self, receive: Receive, outbox: Outbox) -> None:
        self._receive = receive
        self._outbox = outbox
        self._left = float(BURST)
        self._at_s = time.monotonic()

    async def next(self) -> str | None:
        """The next message; None once the client has left."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            text: str | None = message.get("text")
            if not self._allowed():
                self._outbox.close(closing.TOO_MANY)
            elif text is None:
                self._outbox.close(closing.NOT_TEXT)
            elif not self._outbox.over:
                return text

    def _allowed(self) -> bool:
        """Whether one more may come now, by a token bucket."""
        now_s = time.monotonic()
        self._left = min(BURST, self._left + (now_s - self._at_s) * PER_S)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
