"""A real HTTP and WebSocket server on a free port that says what a test tells it to."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from headway.snapshot import Snapshot
from headway.status import Status
from tests.ports import free_port
from tests.wait import wait_for

NOT_FOUND = {"type": "urn:headway:job-not-found", "title": "Not found", "detail": "job not found"}


def shot(seq: int, status: str = "running", **members: Any) -> Snapshot:
    """A snapshot of job j1."""
    return Snapshot(job_id="j1", seq=seq, status=Status(status), **members)


def problem(kind: str, detail: str, **members: Any) -> dict[str, Any]:
    """Problem details as the API writes them."""
    return {"type": f"urn:headway:{kind}", "title": "No", "detail": detail} | members


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    at: float


@dataclass
class Answer:
    """What to say to one method and path."""

    http_status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class ScriptedApi:
    """The API as a test sees it: `put` snapshots, `answer` other paths, and look at what was asked."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.poll_after = "0.1"
        self.refuse_sockets = False
        self.refuse_subscriptions = 0
        self.subscriptions: list[str] = []
        self.holds = False
        self.seen: list[Seen] = []
        self.socket_queries: list[dict[str, str]] = []
        self._latest: dict[str, bytes] = {}
        self._seq: dict[str, int] = {}
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._news = asyncio.Event()
        self._holding = 0
        self._open: dict[asyncio.Queue[bytes | int], str] = {}
        self._many: dict[WebSocket, set[str]] = {}

    def put(self, snapshot: Snapshot) -> None:
        """Make this the job's latest snapshot, and send it to whoever watches."""
        self.frame(snapshot.job_id, snapshot.model_dump_json().encode(), seq=snapshot.seq)

    def frame(self, job_id: str, frame: bytes, *, seq: int | None = None) -> None:
        """Send these bytes to whoever watches; with a `seq` they are the latest too."""
        if seq is not None:
            self._latest[job_id], self._seq[job_id] = frame, seq
            self._let_go()
        self._tell(job_id, frame)

    def cut(self, job_id: str, code: int) -> None:
        """End the job's sockets with this close code."""
        self._tell(job_id, code)

    def cut_many(self, code: int) -> None:
        """End the sockets that follow many jobs with this close code."""
        for socket in list(self._many):
            # One whose client has left meanwhile is closed already.
            with suppress(WebSocketDisconnect):
                asyncio.run_coroutine_threadsafe(socket.close(code), self._loop).result(5)

    def answer(
        self, method: str, path: str, http_status: int, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say this next; the last answer given for a method and path is repeated."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answers.setdefault((method, path), []).append(Answer(http_status, raw, dict(headers or {})))

    def polls(self, job_id: str) -> list[Seen]:
        """The requests for a job's status so far."""
        return [seen for seen in self.seen if seen.path == f"/status/{job_id}"]

    @property
    def open_sockets(self) -> int:
        """Sockets that are connected now."""
        return len(self._open) + len(self._many)

    @property
    def connections(self) -> int:
        """TCP connections that are open now, whatever they carry."""
        return len(self._server.server_state.connections)

    @property
    def held(self) -> int:
        """Answers that are held back now, as `holds` makes it do for `?after=&wait=`."""
        return self._holding

    def start(self) -> None:
        """Listen; on the same port again after `stop`."""
        app = Starlette(
            routes=[
                WebSocketRoute("/ws/{job_id}", self._socket),
                WebSocketRoute("/ws", self._many_socket),
                Route("/{rest:path}", self._any, methods=["GET", "POST"]),
            ]
        )
        config = uvicorn.Config(
            app, port=self.port, log_level="error", ws="websockets-sansio", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="scripted-api")
        self._thread.start()
        wait_for(lambda: self._server.started, 10, "the scripted API listens")

    def stop(self) -> None:
        """Close every socket with 1012 and listen no more."""
        for job_id in set(self._open.values()):
            self.cut(job_id, 1012)
        self.cut_many(1012)
        self._server.should_exit = True
        self.holds = False
        self._let_go()
        self._thread.join(10)
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._server.serve())

    def _let_go(self) -> None:
        """Have every answer that is held back looked at again."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    def _tell(self, job_id: str, said: bytes | int) -> None:
        for queue, watched in list(self._open.items()):
            if watched == job_id:
                self._loop.call_soon_threadsafe(queue.put_nowait, said)
        for socket, job_ids in list(self._many.items()):
            if job_id in job_ids and isinstance(said, bytes):
                sending = socket.send_text(_envelope(said))
                asyncio.run_coroutine_threadsafe(sending, self._loop).result(5)

    async def _any(self, request: Request) -> Response:
        path = request.url.path
        headers = dict(request.headers)
        self.seen.append(
            Seen(request.method, path, headers, dict(request.query_params), await request.body(), time.monotonic())
        )
        if answers := self._answers.get((request.method, path)):
            said = answers.pop(0) if len(answers) > 1 else answers[0]
            return Response(said.body, said.http_status, said.headers)
        if path == "/status":
            return self._batch(request.query_params["ids"].split(","))
        job_id = path.removeprefix("/status/")
        if job_id not in self._latest:
            return Response(json.dumps(NOT_FOUND), 404, media_type="application/problem+json")
        if self.holds and "wait" in request.query_params:
            await self._hold(request, job_id)
        known = {"ETag": f'"{self._seq[job_id]}"', "Headway-Poll-After": self.poll_after}
        if headers.get("if-none-match") == known["ETag"]:
            return Response(status_code=304, headers=known)
        return Response(self._latest[job_id], headers=known, media_type="application/json")

    def _batch(self, job_ids: list[str]) -> Response:
        known = b",".join(self._latest[job_id] for job_id in job_ids if job_id in self._latest)
        missing = json.dumps([job_id for job_id in job_ids if job_id not in self._latest]).encode()
        headers = {"Headway-Poll-After": self.poll_after}
        return Response(b'{"snapshots":[%b],"missing":%b}' % (known, missing), headers=headers)

    async def _hold(self, request: Request, job_id: str) -> None:
        after, wait_s = int(request.query_params["after"]), int(request.query_params["wait"])
        gone = asyncio.ensure_future(request.receive())
        self._holding += 1
        try:
            async with asyncio.timeout(wait_s):
                while self.holds and self._seq[job_id] <= after and not gone.done():
                    self._news.clear()
                    news = asyncio.ensure_future(self._news.wait())
                    await asyncio.wait({gone, news}, return_when=asyncio.FIRST_COMPLETED)
                    news.cancel()
        except TimeoutError:
            pass
        finally:
            gone.cancel()
            self._holding -= 1

    async def _socket(self, socket: WebSocket) -> None:
        job_id, query = socket.path_params["job_id"], dict(socket.query_params)
        self.socket_queries.append(query)
        if self.refuse_sockets:
            await socket.close()
            return
        await socket.accept()
        queue: asyncio.Queue[bytes | int] = asyncio.Queue()
        self._open[queue] = job_id
        gone = asyncio.ensure_future(socket.receive())
        try:
            if job_id not in self._latest:
                queue.put_nowait(4404)
            elif str(self._seq[job_id]) != query.get("after"):
                queue.put_nowait(self._latest[job_id])
            await self._serve(socket, queue, gone)
        finally:
            del self._open[queue]
            gone.cancel()

    async def _many_socket(self, socket: WebSocket) -> None:
        self.socket_queries.append(dict(socket.query_params))
        if self.refuse_sockets:
            await socket.close()
            return
        await socket.accept()
        self._many[socket] = set()
        try:
            async for asked in socket.iter_json():
                for job_id in asked["jobs"]:
                    after = asked["jobs"][job_id] if asked["op"] == "subscribe" else None
                    await self._asked(socket, asked["op"], job_id, after)
        finally:
            self._many.pop(socket, None)

    async def _asked(self, socket: WebSocket, op: str, job_id: str, after: int | None) -> None:
        if op == "unsubscribe":
            self._many[socket].discard(job_id)
            return
        self.subscriptions.append(job_id)
        if self.refuse_subscriptions:
            refusal = {"type": "error", "job_id": job_id, "status": self.refuse_subscriptions, "detail": "not now"}
            await socket.send_json(refusal)
        elif job_id not in self._latest:
            await socket.send_json({"type": "error", "job_id": job_id, "status": 404, "detail": "job not found"})
        else:
            self._many[socket].add(job_id)
            if self._seq[job_id] != after:
                await socket.send_text(_envelope(self._latest[job_id]))

    async def _serve(self, socket: WebSocket, queue: "asyncio.Queue[bytes | int]", gone: "asyncio.Future[Any]") -> None:
        while True:
            said = asyncio.ensure_future(queue.get())
            await asyncio.wait({said, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                said.cancel()
                return
            told = said.result()
            if isinstance(told, int):
                await socket.close(told)
                return
            await socket.send_text(told.decode())
            if b'"status":"finished"' in told:
                await socket.close(1000)
                return


def _envelope(snapshot: bytes) -> str:
    return (b'{"type": "snapshot", "snapshot": %b}' % snapshot).decode()
