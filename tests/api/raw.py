"""Connections as bare bytes, for clients that behave as no library would."""

import socket
import struct

from tests.closing import AFTER_TEST
from tests.servers import ApiServer

CLOSE = 8


def connected(api: ApiServer, *, receive_buffer: int | None = None) -> socket.socket:
    """A TCP connection, closed after the test at the latest; `receive_buffer` in bytes."""
    host, port = api.url.removeprefix("http://").split(":")
    raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    AFTER_TEST.append(raw.close)
    raw.settimeout(10)
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.connect((host, int(port)))
    return raw


def asking(api: ApiServer, path: str, *, receive_buffer: int | None = None) -> socket.socket:
    """A GET that was sent, and whose answer is not read."""
    raw = connected(api, receive_buffer=receive_buffer)
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return raw


def handshake(path: str) -> bytes:
    """What a client says to open a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def opened(api: ApiServer, path: str, *, receive_buffer: int | None = None) -> socket.socket:
    """A WebSocket after its handshake, with nothing read beyond that."""
    raw = connected(api, receive_buffer=receive_buffer)
    raw.sendall(handshake(path))
    read_greeting(raw)
    return raw


def read_greeting(raw: socket.socket) -> None:
    """Read the answer to a handshake, and no more than that."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        received = raw.recv(1)
        assert received, f"closed in the handshake: {answer!r}"
        answer += received
    assert answer.startswith(b"HTTP/1.1 101"), answer


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame; the mask is all zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


def close_code(data: bytes) -> int | None:
    """The code of the close frame among a server's frames; None if there is none."""
    at = 0
    while len(data) - at >= 2:
        length, start = data[at + 1] & 127, at + 2
        if length == 126:
            length, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
        elif length == 127:
            length, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
        if data[at] & 15 == CLOSE:
            return int.from_bytes(data[start : start + 2])
        at = start + length
    return None


def read_all(raw: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = b""
    while data := raw.recv(1 << 16):
        received += data
    return received


def reset(raw: socket.socket) -> None:
    """Vanish with a TCP reset."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def opened_many(api: ApiServer, paths: list[str], at_once: int = 50) -> list[socket.socket]:
    """WebSockets after their handshakes."""
    sockets = []
    for first in range(0, len(paths), at_once):
        for path in paths[first : first + at_once]:
            sockets.append(connected(api))
            sockets[-1].sendall(handshake(path))
        for raw in sockets[first:]:
            read_greeting(raw)
    return sockets
