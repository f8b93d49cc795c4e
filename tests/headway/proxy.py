"""A proxy in front of a real Redis that can lose replies."""

import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards a loopback port to a Redis on a unix socket; `lose_replies` makes it swallow some and hang up."""

    def __init__(self, redis_url: str) -> None:
        parts = urlsplit(redis_url)
        self._path = parts.path
        self._query = parts.query
        self._server = socket.create_server(("127.0.0.1", 0))
        self._to_lose = 0
        self._command = b""
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Redis through the proxy, the same database."""
        return f"redis://127.0.0.1:{self._server.getsockname()[1]}?{self._query}"

    def lose_replies(self, n: int, to: bytes) -> None:
        """Swallow the replies to the next `n` commands that contain `to`; Redis carries the commands out."""
        self._to_lose, self._command = n, to

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as redis:
            redis.connect(self._path)
            while request := client.recv(1 << 20):
                redis.sendall(request)
                reply = redis.recv(1 << 20)
                if self._to_lose and self._command in request:
                    self._to_lose -= 1
                    self.lost += 1
                    return
                client.sendall(reply)
