"""Many clients in one process, which read frames as fast as they come and do nothing else."""

import os
import resource
import select
import socket
from collections.abc import Sequence
from time import monotonic, monotonic_ns
from typing import Any

_STAMP = b'"message":"t='
_LARGE = 1 << 18
_HANDSHAKES_AT_ONCE = 100


class Client:
    """One raw connection: its handshake, then its frames."""

    def __init__(self, port: int, hello: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(hello)
        self.rest = b""
        self.frames = 0
        self.last = b""
        self.closed = False

    def greeted(self) -> None:
        """Read the answer to the handshake, and no more than that."""
        while b"\r\n\r\n" not in self.rest:
            data = self.socket.recv(4096)
            if not data:
                raise ConnectionError("closed in the handshake")
            self.rest += data
        self.rest = self.rest.partition(b"\r\n\r\n")[2]
        self.socket.setblocking(False)

    def read(self) -> list[bytes]:
        """What has come: the payloads of text frames."""
        data = self.socket.recv(_LARGE)
        if not data:
            self.closed = True
        data = self.rest + data
        at, payloads = 0, []
        while len(data) - at >= 2:
            length, start = data[at + 1] & 127, at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if start + length > len(data):
                break
            if data[at] & 15 == 1:
                payloads.append(data[start : start + length])
            at = start + length
        self.rest = data[at:]
        if payloads:
            self.frames += len(payloads)
            self.last = payloads[-1]
        return payloads


def hello(port: int, path: str) -> bytes:
    """A WebSocket handshake."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def connect(port: int, hellos: Sequence[bytes]) -> list[Client]:
    """One client for each hello."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients: list[Client] = []
    for first in range(0, len(hellos), _HANDSHAKES_AT_ONCE):
        new = [Client(port, text) for text in hellos[first : first + _HANDSHAKES_AT_ONCE]]
        for client in new:
            client.greeted()
        clients += new
    return clients


def watch(
    port: int, hellos: list[str], each: int, ready_path: str, last_stamp: str, deadline_s: float
) -> dict[str, Any]:
    """Connect `each` clients with each hello, and read until every one has the frame stamped `last_stamp`.

    Says how many frames came, and how late. `ready_path` is created once all are connected. The time counted
    is from the first stamped frame to the last one.
    """
    clients = connect(port, [text.encode() for text in hellos for _ in range(each)])
    epoll = select.epoll()
    by_number = {client.socket.fileno(): client for client in clients}
    for number in by_number:
        epoll.register(number, select.EPOLLIN)
    os.close(os.open(ready_path, os.O_CREAT))
    unfinished, last = set(by_number), f'{last_stamp}"'.encode()
    late_ms: list[float] = []
    frames, began_s, deadline = 0, 0.0, monotonic() + deadline_s
    while unfinished and monotonic() < deadline:
        for number, _ in epoll.poll(0.5):
            client = by_number[number]
            payloads = client.read()
            if client.closed:
                epoll.unregister(number)
            now_ns = monotonic_ns()
            for payload in payloads:
                at = payload.find(_STAMP)
                if at < 0:
                    continue
                stamp = payload[at + len(_STAMP) : payload.index(b'"', at + len(_STAMP))]
                began_s = began_s or monotonic()
                frames += 1
                late_ms.append((now_ns - int(stamp.partition(b"/")[0])) / 1e6)
                if stamp.endswith(last[:-1]):
                    unfinished.discard(number)
    took_s = monotonic() - began_s
    late_ms.sort()
    if unfinished:
        raise RuntimeError(f"{len(unfinished)} of {len(clients)} clients did not end on the last snapshot")
    return {
        "frames": frames,
        "frames_per_s": frames / took_s,
        "p50_ms": late_ms[len(late_ms) // 2],
        "p99_ms": late_ms[len(late_ms) * 99 // 100],
    }
