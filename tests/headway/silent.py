"""A server that takes connections, and requests, and says nothing unless a test has it."""

import socket
import threading
from contextlib import suppress
from typing import Self


class SilentApi:
    """The first connection is answered with `answer`, if there is one; every other waits for ever."""

    def __init__(self, answer: bytes = b"") -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        #: The first line of each request that has come.
        self.asked: list[str] = []
        self._answer = answer
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, name="silent-api")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        for connection in (self._listener, *self._taken):
            connection.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._taken.append(connection)
            connection.settimeout(10)
            request = b""
            with suppress(OSError):
                while b"\r\n\r\n" not in request and (piece := connection.recv(65_536)):
                    request += piece
            self.asked.append(request.partition(b"\r\n")[0].decode())
            if self._answer:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self._answer)}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode() + self._answer)
                self._answer = b""
