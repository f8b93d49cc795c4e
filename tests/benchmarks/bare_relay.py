"""The floor that delivery is held against: a bare relay from Redis to raw sockets.

An asyncio subscriber (redis-py) makes one WebSocket frame of each message and writes it to every raw TCP connection
that asked for its channel: no handshake, no fence, no first snapshot, no slow client, no restart of Redis.
"""

import asyncio
from contextlib import suppress

from redis.asyncio import Redis
from websockets.frames import Frame, Opcode


async def relay(redis_url: str, port: int) -> None:
    """Serve until the process is ended; a client sends the name of one channel and a line feed."""
    listeners: dict[bytes, set[asyncio.Transport]] = {}
    pubsub = Redis.from_url(redis_url, socket_timeout=None).pubsub()
    await pubsub.subscribe("bare-relay")

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport
            self.channel = b""

        def data_received(self, data: bytes) -> None:
            self.channel = data.strip()
            if self.channel not in listeners:
                subscribing.add(asyncio.ensure_future(pubsub.subscribe(self.channel)))
            listeners.setdefault(self.channel, set()).add(self.transport)
            self.transport.write(b"\r\n\r\n")

        def connection_lost(self, exc: Exception | None) -> None:
            listeners.get(self.channel, set()).discard(self.transport)

    subscribing: set[asyncio.Future[None]] = set()
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    async with server:
        async for message in pubsub.listen():
            if message["type"] == "message":
                frame = Frame(Opcode.TEXT, message["data"]).serialize(mask=False, extensions=[])
                for transport in listeners.get(message["channel"], ()):
                    transport.write(frame)


def serve(redis_url: str, port: int) -> None:
    """Relay in this process until it is ended."""
    with suppress(KeyboardInterrupt):
        asyncio.run(relay(redis_url, port))
