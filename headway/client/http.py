"""Requests to the API, with this client's identity on each."""

import threading
from collections.abc import Iterable, Mapping
from ssl import SSLContext
from typing import Any, TypeVar

import httpx2

from headway.client.address import Address
from headway.client.cadence import seconds_of
from headway.client.exchange import fault, pool_options, repeatable
from headway.client.request import Request
from headway.client.source import Source

T = TypeVar("T")


class Http:
    """One pool of connections to one API, for one principal; any thread may use it.

    Args:
        address: the API's.
        headers: sent with every request.
        timeout_s: as `Client` takes it.
        tls: another pool's to the same API, since making one takes a while; None makes one.
    """

    def __init__(
        self, address: Address, headers: Mapping[str, str], timeout_s: float, *, tls: SSLContext | None = None
    ) -> None:
        self.address = address
        self.headers = dict(headers)
        self.timeout_s = timeout_s
        self._heard = threading.local()
        self.tls = httpx2.create_ssl_context(trust_env=not address.loopback) if tls is None else tls
        self._pool = httpx2.Client(**pool_options(address, self.headers, timeout_s), verify=self.tls)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._pool.is_closed

    @property
    def poll_after_s(self) -> float | None:
        """What this thread's last answer about a status asks to wait, in seconds; None if nothing."""
        heard: float | None = getattr(self._heard, "poll_after_s", None)
        return heard

    def ask(self, request: Request[T]) -> T:
        """Send a request and read the answer.

        Raises:
            HeadwayError: what `problems` makes of any other answer.
        """
        response = self.send(
            request.method, request.path, params=request.query, content=request.body, headers=request.headers
        )
        answer = request.read(response.status_code, response.content, self.address.base)
        if request.path.startswith(("/status", "/overview")):
            self._heard.poll_after_s = seconds_of(response.headers.get("headway-poll-after"))
        return answer

    def ask_all(self, requests: Iterable[Request[T]]) -> list[T]:
        """Send several requests one after the other; `poll_after_s` is then the shortest that an answer named."""
        answers, named_s = [], []
        for request in requests:
            answers.append(self.ask(request))
            if self.poll_after_s is not None:
                named_s.append(self.poll_after_s)
        self._heard.poll_after_s = min(named_s, default=None)
        return answers

    def upload(self, request: Request[T], source: Source) -> T:
        """Send a file as multipart, piece by piece, and read the answer; errors as for `ask`, and the source's own."""
        # What cannot be read from its beginning again cannot be sent again either.
        files = {"file": (source.name, source)}
        response = self.send(request.method, request.path, repeats=int(source.seekable), files=files)
        return request.read(response.status_code, response.content, self.address.base)

    def send(self, method: str, path: str, *, repeats: int = 1, **asked: Any) -> httpx2.Response:
        """Whatever the API answers, errors included; sent again up to `repeats` times if the answer is lost.

        Raises:
            ApiUnavailable: nothing answered.
            HeadwayError: this client has been closed.
        """
        url = self.address.http(path)
        while True:
            try:
                return self._pool.request(method, url, **asked)
            except (httpx2.RequestError, RuntimeError) as error:
                if not repeats or not repeatable(error):
                    raise fault(error, self.address.base, closed=self.closed) from None
            repeats -= 1

    def close(self) -> None:
        """Give the connections back; every later request raises `HeadwayError`."""
        self._pool.close()
