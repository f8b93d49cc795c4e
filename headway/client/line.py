"""A connection of one watch's own, whose silence another thread can end."""

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import httpx2

from headway.client.http import Http

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class Line(Http):
    """Requests of one thread, which `cut` ends at once from any other."""

    def __init__(self, http: Http) -> None:
        super().__init__(http.address, http.headers, http.timeout_s, tls=http.tls)
        self._stream: Any = None
        self._cut = False

    def send(self, method: str, path: str, *, repeats: int = 1, **asked: Any) -> httpx2.Response:
        """As `Http.send`."""
        return super().send(method, path, repeats=repeats, extensions={"trace": self._trace}, **asked)

    def cut(self) -> None:
        """End the request that is under way, if there is one, and every later one."""
        self._cut = True
        if self._stream is not None:
            shut_down(self._stream.get_extra_info("socket"))

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self._stream = info["return_value"]
            if self._cut:
                shut_down(self._stream.get_extra_info("socket"))


def shut_down(connection: socket.socket) -> None:
    """End what any thread waits for on this connection, which closing alone would not."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
