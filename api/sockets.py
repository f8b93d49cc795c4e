"""uvicorn's WebSocket protocol, mended where a handshake cannot be read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class AnsweringProtocol(WebSocketsSansIOProtocol):
    """Sends the refusal of a handshake whose address or headers are too long; uvicorn 0.54 makes it and keeps it."""

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
