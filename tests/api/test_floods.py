"""Clients that say more than anybody can mean, below what counts as a message."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState
from websockets.sync.client import connect

from api.protocol import SocketProtocol
from tests.api import raw
from tests.api.watching import WrittenJob
from tests.servers import ApiServer

PING = raw.frame(b"x" * 125, opcode=9)
#: The first fragment of a text, and further ones, each without a byte; the last one ends it.
FIRST, EMPTY, LAST = (bytes([opcode, 0x80, 0, 0, 0, 0]) for opcode in (0x01, 0x00, 0x80))


class Socket:
    """Both ends of one WebSocket: the server's protocol, and a client that says bytes and reads nothing."""

    def __init__(self, protocol: SocketProtocol, client: socket.socket, texts: list[str]) -> None:
        self.protocol = protocol
        self.texts = texts
        self._client = client

    async def say(self, said: bytes) -> None:
        """Send these bytes, and let the server read."""
        await asyncio.get_running_loop().sock_sendall(self._client, said)
        await asyncio.sleep(0)


@asynccontextmanager
async def one_socket() -> AsyncIterator[Socket]:
    texts: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            texts.append(message["text"])
        left.set()

    def made() -> SocketProtocol:
        protocols.append(SocketProtocol(config, ServerState(), {}))
        return protocols[-1]

    left = asyncio.Event()
    protocols: list[SocketProtocol] = []
    config = uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False)
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        async with asyncio.timeout(10), await loop.create_server(made, sock=listening):
            await loop.sock_connect(client, listening.getsockname())
            await loop.sock_sendall(client, raw.handshake("/"))
            assert (await loop.sock_recv(client, 1000)).startswith(b"HTTP/1.1 101")
            yield Socket(protocols[0], client, texts)
            protocols[0].transport.abort()
            await left.wait()


def test_pings_of_a_client_that_takes_no_answer_do_not_pile_up() -> None:
    async def test() -> None:
        async with one_socket() as ws:
            unsent = []
            for _ in range(200):
                await ws.say(PING * 100)
                unsent.append(ws.protocol.transport.get_write_buffer_size())
            # Answers go on until they are found to be in the way: those to what was read at once.
            assert 0 < max(unsent) < 600_000

    asyncio.run(test())


def test_fragments_without_a_byte_are_not_kept() -> None:
    async def test() -> None:
        async with one_socket() as ws:
            await ws.say(FIRST + EMPTY * 20_000)
            kept = len(ws.protocol.frames)
            await ws.say(LAST)
            while not ws.texts:
                kept = max(kept, len(ws.protocol.frames))
                await asyncio.sleep(0)
            assert ws.texts == [""]
            assert kept <= 2

    asyncio.run(test())


def test_empty_fragments_are_no_part_of_their_message(api: ApiServer, job: WrittenJob) -> None:
    asked = json.dumps({"op": "subscribe", "jobs": {job.id: None}}).encode()
    with connect(f"{api.ws_url}/ws") as ws:
        ws.send(iter([asked[:7], b"", asked[7:], b""]), text=True)
        assert json.loads(ws.recv(10))["snapshot"]["seq"] == 1
