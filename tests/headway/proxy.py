"""A proxy in front of a real Redis that can lose replies and hold them up."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards a loopback port to a Redis on a unix socket.

    `lose_replies` makes it swallow some replies and hang up, `hold_up` makes it slow.
    """

    def __init__(self, redis_url: str) -> None:
        parts = urlsplit(redis_url)
        self._path = parts.path
        self._query = parts.query
        self._server = socket.create_server(("127.0.0.1", 0))
        self._to_lose = 0
        self._command = b""
        self._saying = b""
        self.lost = 0
        self._slow = b""
        self._hold_s = 0.0
        self.held_up = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Redis through the proxy, the same database."""
        return f"redis://127.0.0.1:{self._server.getsockname()[1]}?{self._query}"

    def lose_replies(self, n: int, to: bytes, saying: bytes = b"") -> None:
        """Swallow the next `n` replies that contain `saying` to commands that contain `to`.

        Redis carries the commands out.
        """
        self._to_lose, self._command, self._saying = n, to, saying

    def hold_up(self, seconds: float, to: bytes = b"") -> None:
        """From now on be so long with every reply to a command that contains `to`."""
        self._hold_s, self._slow = seconds, to

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone wakes nobody who waits in `accept`.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as redis, suppress(OSError):
            redis.connect(self._path)
            requests = [b""]
            back = threading.Thread(target=self._bring_back, args=(redis, client, requests), daemon=True)
            back.start()
            while request := client.recv(1 << 20):
                requests[0] = request
                redis.sendall(request)
            redis.shutdown(socket.SHUT_RDWR)
            back.join()

    def _bring_back(self, redis: socket.socket, client: socket.socket, requests: list[bytes]) -> None:
        try:
            while reply := redis.recv(1 << 20):
                if self._to_lose and self._command in requests[0] and self._saying in reply:
                    self._to_lose -= 1
                    self.lost += 1
                    break
                if self._hold_s and self._slow in requests[0]:
                    self.held_up += 1
                    time.sleep(self._hold_s)
                client.sendall(reply)
        except OSError:
            # One of them is gone, and the other one hears of it.
            pass
        finally:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
