"""uvicorn's WebSocket protocol, made lighter for many sockets, and mended where it waits for clients without end."""

import asyncio
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from api.frames import FRAME


class SocketProtocol(WebSocketsSansIOProtocol):
    """Writes a prebuilt frame as it is; what each client gets is then neither encoded nor copied for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Inbox()  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        super().data_received(data)
        # uvicorn 0.54 makes the refusal of a handshake whose address or headers are too long, and keeps it.
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Begin with the client's request."""
        super().handle_connect(event)
        # Nobody looks at it again, and an idle socket is to weigh little.
        del self.request

    def send_receive_event_to_app(self) -> None:
        """Pass on what the client said, if it is what it says to be."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_utf_8(b"".join(self.frames)):
            # uvicorn closes so too, but writes down each time where in its own code it found out.
            self.frames = []
            self.conn.send_close(CloseCode.INVALID_DATA, "text has to be UTF-8")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not take what it was sent: those answers would pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment; an empty one has no part in the message, and no limit on its size ends a row of them."""
        if event.data or event.fin:
            super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        """Cut off a client that did not answer a ping: what it was sent may never get through."""
        super().keepalive_timeout()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message.

        Raises:
            ClientDisconnected: the client has left, or was told to.
        """
        if self.handshake_complete and (self.close_sent or self.transport.is_closing()):
            raise ClientDisconnected
        frame: bytes | None = message.get(FRAME)  # type: ignore[assignment]
        if frame is None or not self.handshake_complete:
            await super().send(message)
            if self.close_timer is not None:
                # One that never reads would hold the connection for as long as it likes.
                self.close_timer.cancel()
                self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.transport.write(frame)


class Inbox:
    """What asyncio.Queue does for its one reader, without its four empty containers: they weigh 3 KB a socket."""

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[ASGIReceiveEvent] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, message: ASGIReceiveEvent) -> None:
        """Add a message."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def empty(self) -> bool:
        """Whether there is none."""
        return not self._messages

    async def get(self) -> ASGIReceiveEvent:
        """Wait for a message and take it."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        # There is seldom more than one: the server reads no further before it is taken.
        return self._messages.pop(0)


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
