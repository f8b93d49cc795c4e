"""Requests to the API from asyncio code, with this client's identity on each."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, TypeVar

import httpx2

from headway.client.address import Address
from headway.client.cadence import seconds_of
from headway.client.exchange import fault, pool_options, repeatable
from headway.client.request import Request
from headway.client.source import Source

T = TypeVar("T")


class _ReadInThread(httpx2.AsyncByteStream):
    """A multipart body whose file is read outside the event loop, since a disk or a pipe may be slow."""

    def __init__(self, body: Any) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._body)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


class AsyncHttp:
    """One pool of connections to one API, for one principal and one event loop."""

    def __init__(self, address: Address, headers: Mapping[str, str], timeout_s: float) -> None:
        self.address = address
        self.headers = dict(headers)
        self.timeout_s = timeout_s
        self._pool = httpx2.AsyncClient(**pool_options(address, self.headers, timeout_s))

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._pool.is_closed

    async def ask(self, request: Request[T]) -> T:
        """Send a request and read the answer; errors as `Http.ask`."""
        return (await self._exchange(request))[0]

    async def ask_all(self, requests: Iterable[Request[T]]) -> list[T]:
        """Send several requests one after the other."""
        return [await self.ask(request) for request in requests]

    async def poll(self, requests: Iterable[Request[T]]) -> tuple[list[T], float | None]:
        """As `ask_all`, and the shortest time that an answer asks to wait, in seconds; None if none named one."""
        answered = [await self._exchange(request) for request in requests]
        named_s = [asked_s for _, asked_s in answered if asked_s is not None]
        return [answer for answer, _ in answered], min(named_s, default=None)

    async def upload(self, request: Request[T], source: Source) -> T:
        """Send a file as multipart, piece by piece, and read the answer; as `Http.upload`."""
        files = {"file": (source.name, source)}
        response = await self.send(request.method, request.path, repeats=int(source.seekable), files=files)
        return request.read(response.status_code, response.content, self.address.base)

    async def send(self, method: str, path: str, *, repeats: int = 1, **asked: Any) -> httpx2.Response:
        """Whatever the API answers, errors included; as `Http.send`."""
        url = self.address.http(path)
        while True:
            try:
                built = self._pool.build_request(method, url, **asked)
                if "files" in asked:
                    built.stream = _ReadInThread(built.stream)
                return await self._pool.send(built)
            except (httpx2.RequestError, RuntimeError) as error:
                if not repeats or not repeatable(error):
                    raise fault(error, self.address.base, closed=self._pool.is_closed) from None
            repeats -= 1

    async def _exchange(self, request: Request[T]) -> tuple[T, float | None]:
        response = await self.send(
            request.method, request.path, params=request.query, content=request.body, headers=request.headers
        )
        answer = request.read(response.status_code, response.content, self.address.base)
        return answer, seconds_of(response.headers.get("headway-poll-after"))

    async def aclose(self) -> None:
        """Give the connections back; every later request raises `HeadwayError`."""
        await self._pool.aclose()
