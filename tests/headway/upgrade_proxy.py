"""Proxies in front of an API as some companies have them: one lets no WebSocket through, one cuts what lasts."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class UpgradeRefusingProxy:
    """Forwards a loopback port to an API; `refused` counts the handshakes that it turned away.

    `asked` are the first lines of the requests that it forwarded.
    """

    refuses = True

    def __init__(self, api_url: str) -> None:
        self._api = (urlsplit(api_url).hostname, urlsplit(api_url).port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.refused = 0
        self.asked: list[str] = []
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Shut down as well: closing alone leaves the thread in its accept.
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
        with client, suppress(OSError):
            self._clients.append(client)
            head = client.recv(1 << 16)
            if self.refuses and b"upgrade: websocket" in head.lower():
                self.refused += 1
                client.sendall(_REFUSAL)
                return
            with socket.create_connection(self._api) as api:
                self._note(head)
                api.sendall(head)
                back = threading.Thread(target=_pump, args=(api, client), daemon=True)
                back.start()
                _pump(client, api, self._note)
                back.join()

    def _note(self, chunk: bytes) -> None:
        self.asked.append(chunk.partition(b"\r\n")[0].decode("latin-1"))


class CuttingProxy(UpgradeRefusingProxy):
    """Lets everything through, until it cuts it."""

    refuses = False

    def cut(self) -> int:
        """End every connection that there is, in the middle of whatever goes over it; how many that were."""
        clients, self._clients = self._clients, []
        living = [client for client in clients if client.fileno() >= 0]
        for client in living:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        return len(living)


def _pump(source: socket.socket, sink: socket.socket, seen: Callable[[bytes], None] = lambda chunk: None) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            seen(chunk)
            sink.sendall(chunk)
    # Either end going away ends the other.
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
