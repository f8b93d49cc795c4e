"""A connection of one watch's own, for answers that the API holds back."""

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import httpx2

from headway.client.address import Address
from headway.client.http import Http

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class Line(Http):
    """Requests of one thread, which `cut` ends at once from any other."""

    def __init__(self, address: Address, headers: Mapping[str, str], timeout_s: float) -> None:
        super().__init__(address, headers, timeout_s)
        self._stream: Any = None
        self._cut = False

    def send(self, method: str, path: str, *, repeats: int = 0, **asked: Any) -> httpx2.Response:
        """As `Http.send`; a held answer that was lost is not asked for again."""
        return super().send(method, path, repeats=repeats, extensions={"trace": self._trace}, **asked)

    def cut(self) -> None:
        """End the request that is under way, if there is one, and every later one."""
        self._cut = True
        if self._stream is not None:
            self._shut_down()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self._stream = info["return_value"]
            if self._cut:
                self._shut_down()

    def _shut_down(self) -> None:
        # Closing alone does not wake a thread that reads from the socket.
        with contextlib.suppress(OSError):
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
