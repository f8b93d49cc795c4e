"""A small server with the lesson's pitfalls in it: two sockets that fall into them, and one that does not."""

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import redis.asyncio
import uvicorn
from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect

from headway.stack.redis_server import RedisServer

_START_S = 30.0

app = FastAPI()


@app.get("/alive")
async def alive() -> str:
    """What anybody asks meanwhile."""
    return "yes"


@app.websocket("/blocking/{job_id}")
async def blocking(socket: WebSocket, job_id: str) -> None:
    """Listen with the blocking client, as in the lesson: the event loop waits with it, and so does everybody else."""
    await socket.accept()
    with redis.Redis.from_url(app.state.redis_url) as client, client.pubsub() as pubsub:
        pubsub.subscribe(channel(job_id))
        for message in pubsub.listen():
            if message["type"] != "message":
                continue
            await socket.send_text(message["data"].decode())
            if is_over(message["data"]):
                return


@app.websocket("/awaiting/{job_id}")
async def awaiting(socket: WebSocket, job_id: str) -> None:
    """Await the next message, with the asyncio client: nobody else waits. Two pitfalls are left."""
    await socket.accept()
    async with redis.asyncio.Redis.from_url(app.state.redis_url) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(channel(job_id))
        await pass_on(pubsub, socket)


@app.websocket("/mended/{job_id}")
async def mended(socket: WebSocket, job_id: str) -> None:
    """Subscribe, send the snapshot as it is now, then what follows; end when the job does or the client is gone."""
    await socket.accept()
    async with redis.asyncio.Redis.from_url(app.state.redis_url) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(channel(job_id))
        now = await client.get(snapshot_key(job_id))
        if now is not None:
            await socket.send_text(now.decode())
        sending = asyncio.create_task(pass_on(pubsub, socket))
        leaving = asyncio.create_task(until_gone(socket))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)


async def pass_on(pubsub: redis.asyncio.client.PubSub, socket: WebSocket) -> None:
    """Send what is published until the job is over."""
    async for message in pubsub.listen():
        if message["type"] != "message":
            continue
        await socket.send_text(message["data"].decode())
        if is_over(message["data"]):
            return


async def until_gone(socket: WebSocket) -> None:
    """Wait until the client leaves: only who receives is told."""
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return


def snapshot_key(job_id: str) -> str:
    """Where the lesson keeps a job's latest snapshot."""
    return f"job:{job_id}:progress"


def channel(job_id: str) -> str:
    """Where the lesson says what is new."""
    return f"job:{job_id}:updates"


def is_over(snapshot: bytes) -> bool:
    """Whether nothing more will come."""
    return json.loads(snapshot)["status"] in {"finished", "failed", "canceled"}


@dataclass(frozen=True)
class Demo:
    """The running server, and its Redis."""

    url: str
    redis: redis.Redis

    def ws(self, path: str) -> str:
        """The address of a socket."""
        return f"{self.url.replace('http', 'ws', 1)}/{path}"

    def say(self, job_id: str, **snapshot: object) -> None:
        """Write a snapshot as the lesson's worker does: SET, then PUBLISH."""
        text = json.dumps({"job_id": job_id, **snapshot})
        self.redis.set(snapshot_key(job_id), text)
        self.redis.publish(channel(job_id), text)

    def listeners(self, job_id: str) -> int:
        """How many connections Redis keeps for those who listen to a job."""
        return int(self.redis.pubsub_numsub(channel(job_id))[0][1])

    def listeners_become(self, job_id: str, count: int, within_s: float) -> int:
        """Wait until there are so many listeners, or so long; how many there are then."""
        until = time.monotonic() + within_s
        while self.listeners(job_id) != count and time.monotonic() < until:
            time.sleep(0.02)
        return self.listeners(job_id)


@contextmanager
def demo_server() -> Iterator[Demo]:
    """Run the server on a free port, with a Redis of its own, until the block is left."""
    with tempfile.TemporaryDirectory(prefix="pitfalls-") as folder, RedisServer(Path(folder)) as server:
        app.state.redis_url = server.url
        config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, name="pitfalls", daemon=True)
        thread.start()
        until = time.monotonic() + _START_S
        while not running.started:
            if time.monotonic() > until or not thread.is_alive():
                raise RuntimeError("the demo server did not start")
            time.sleep(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        with redis.Redis.from_url(server.url) as client:
            try:
                yield Demo(f"http://127.0.0.1:{port}", client)
            finally:
                running.should_exit = True
                thread.join(_START_S)
