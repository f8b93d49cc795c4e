"""How many polls a second one process answers, beside a FastAPI route that returns a constant."""

import re
import select
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import perf_counter

import httpx2
import uvicorn
from fastapi import FastAPI

from tests.benchmarks import crowd, writing
from tests.benchmarks.child import Child, in_child
from tests.benchmarks.figure import Figure, against, at_least
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, side_by_side
from tests.ports import free_port
from tests.servers import api_server
from tests.wait import wait_for

_SECONDS = 2.0
_CONNECTIONS = 8
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)


def polls(rounds: int) -> list[Figure]:
    """A watched job's status, changed and unchanged."""
    with ExitStack() as stack:
        url = stack.enter_context(private_redis())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        api = stack.enter_context(api_server(url, HEADWAY_DATA_DIR=folder))
        ours_port, peer_port = int(api.url.rpartition(":")[2]), stack.enter_context(_constant())
        (job_id,) = in_child(writing.create_jobs, redis_url=url, count=1)
        (watcher,) = crowd.connect(ours_port, [crowd.hello(ours_port, f"/ws/{job_id}")])
        stack.callback(watcher.socket.close)
        path = f"/status/{job_id}"
        tag = httpx2.get(api.url + path).headers["etag"]

        def ours() -> Measured:
            return {
                "status": in_child(requests_per_s, port=ours_port, path=path, header="Accept: */*"),
                "status-304": in_child(requests_per_s, port=ours_port, path=path, header=f"If-None-Match: {tag}"),
            }

        def peer() -> Measured:
            per_s = in_child(requests_per_s, port=peer_port, path="/constant", header="Accept: */*")
            return {"status": per_s, "status-304": per_s}

        measured = side_by_side(ours, peer, rounds)
    return [against(name, "req/s", *measured.of(name), at_least(0.8)) for name in ("status", "status-304")]


def requests_per_s(port: int, path: str, header: str) -> float:
    """Ask over a few connections, each as soon as it has its answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n".encode()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(_CONNECTIONS)]
    with ExitStack() as stack:
        epoll = stack.enter_context(select.epoll())
        by_number = {stack.enter_context(one).fileno(): one for one in sockets}
        for number, one in by_number.items():
            epoll.register(number, select.EPOLLIN)
            one.sendall(request)
        answered, rests = 0, dict.fromkeys(by_number, b"")
        began_s = perf_counter()
        while perf_counter() - began_s < _SECONDS:
            for number, _ in epoll.poll(1):
                rests[number] += by_number[number].recv(1 << 16)
                if _whole(rests[number]):
                    rests[number] = b""
                    answered += 1
                    by_number[number].sendall(request)
        return answered / (perf_counter() - began_s)


def constant(port: int) -> None:
    """Serve the peer in this process until it is ended."""
    app = FastAPI()

    @app.get("/constant")
    async def answer() -> dict[str, str]:
        return {"status": "running"}

    with suppress(KeyboardInterrupt):
        uvicorn.run(app, port=port, access_log=False, log_level="warning")


@contextmanager
def _constant() -> Iterator[int]:
    port = free_port()

    def answers() -> bool:
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{port}/constant").status_code == 200
        return False

    with Child(constant, port=port):
        wait_for(answers, 20, "the constant is served")
        yield port


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    if not answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 304 ")):
        raise RuntimeError(answer[:200])
    length = _LENGTH.search(head)
    return answer.startswith(b"HTTP/1.1 304 ") or (length is not None and len(body) >= int(length[1]))
