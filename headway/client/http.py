"""Requests to the API, with this client's identity on each."""

import threading
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from headway.client.address import Address
from headway.client.cadence import seconds_of
from headway.client.problems import error_of, not_headway, unreachable
from headway.client.source import Source
from headway.errors import HeadwayError

T = TypeVar("T")

Query = Mapping[str, str | int]

# A pooled connection may have been closed by a restarted API, and an answer may get lost: asked once more.
_REPEATABLE = (httpx2.ReadError, httpx2.WriteError, httpx2.CloseError, httpx2.RemoteProtocolError)


class Http:
    """One pool of connections to one API, for one principal; any thread may use it."""

    def __init__(self, address: Address, headers: Mapping[str, str], timeout_s: float) -> None:
        self.address = address
        self.headers = dict(headers)
        self.timeout_s = timeout_s
        self._heard = threading.local()
        self._pool = httpx2.Client(
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()],
            timeout=timeout_s,
            trust_env=not address.loopback,
        )

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._pool.is_closed

    @property
    def poll_after_s(self) -> float | None:
        """What this thread's last answer about a status asks to wait, in seconds; None if nothing."""
        heard: float | None = getattr(self._heard, "poll_after_s", None)
        return heard

    def get(self, path: str, answer: TypeAdapter[T], *, about: str = "", query: Query | None = None) -> T:
        """Ask for `path` and read the answer.

        Raises:
            HeadwayError: what `problems` makes of any other answer.
        """
        return self._read(self._send("GET", path, params=query), path, answer, about)

    def post(self, path: str, body: str, answer: TypeAdapter[T], *, about: str, headers: Mapping[str, str]) -> T:
        """Send JSON text and read the answer; errors as for `get`."""
        typed = {"Content-Type": "application/json", **headers}
        response = self._send("POST", path, content=body.encode(), headers=typed)
        return self._read(response, path, answer, about)

    def upload(self, path: str, source: Source, answer: TypeAdapter[T]) -> T:
        """Send a file as multipart, piece by piece, and read the answer; errors as for `get`, and the source's own."""
        # What cannot be read from its beginning again cannot be sent again either.
        response = self._send("POST", path, repeats=int(source.seekable), files={"file": (source.name, source)})
        return self._read(response, path, answer, "")

    def status(self, job_id: str, etag: str | None, timeout_s: float) -> httpx2.Response:
        """Whatever the API answers about a job's status, errors included.

        Raises:
            ApiUnavailable: nothing answered.
        """
        headers = {} if etag is None else {"If-None-Match": etag}
        return self._send("GET", f"/status/{job_id}", headers=headers, timeout=timeout_s)

    def close(self) -> None:
        """Give the connections back; every later request raises `HeadwayError`."""
        self._pool.close()

    def _send(self, method: str, path: str, *, repeats: int = 1, **asked: Any) -> httpx2.Response:
        try:
            return self._request(method, path, **asked)
        except _REPEATABLE as error:
            if not repeats:
                raise unreachable(self.address.base, str(error) or type(error).__name__) from None
        except httpx2.TimeoutException:
            raise unreachable(self.address.base, "timed out") from None
        except httpx2.RequestError as error:
            raise unreachable(self.address.base, str(error) or type(error).__name__) from None
        return self._send(method, path, repeats=repeats - 1, **asked)

    def _request(self, method: str, path: str, **asked: Any) -> httpx2.Response:
        try:
            return self._pool.request(method, self.address.http(path), **asked)
        except RuntimeError:
            if self.closed:
                raise HeadwayError("this client has been closed") from None
            raise

    def _read(self, response: httpx2.Response, path: str, answer: TypeAdapter[T], about: str) -> T:
        if response.is_error or response.is_redirect:
            raise error_of(response.status_code, response.content, about=about, base=self.address.base)
        if path.startswith("/status/"):
            self._heard.poll_after_s = seconds_of(response.headers.get("headway-poll-after"))
        try:
            return answer.validate_json(response.content)
        except ValidationError:
            raise not_headway(self.address.base, path) from None
