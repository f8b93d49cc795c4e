"""Good clients of every transport: each comes back by itself, with the seq that it has, until its jobs are over."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.chaos.ledger import View, snapshots_in

LONG_POLL_S = 4
#: What a server says that is away for a moment; everything else is a fault.
RESTARTING, TRY_AGAIN, LOST = 1012, 1013, 1006
UNAVAILABLE = 503
_PREFIX, _SUFFIX = b'{"type":"snapshot","snapshot":', b"}"


class Network:
    """The servers that a client may ask, and how long it waits before it comes back."""

    def __init__(self, urls: list[str], http: httpx2.AsyncClient, chance: random.Random) -> None:
        self.urls = urls
        self.http = http
        self.chance = chance

    def url(self, path: str) -> str:
        """An address of one of the servers, which balance their load."""
        return self.chance.choice(self.urls) + path

    async def get(self, path: str, **headers: str) -> httpx2.Response | None:
        """An answer; None if the server cannot give one now."""
        try:
            answer = await self.http.get(self.url(path), headers=headers)
        except httpx2.TransportError:
            return None
        return None if answer.status_code == UNAVAILABLE else answer

    async def back_off(self) -> None:
        """Wait a little, and not as long as the others."""
        await asyncio.sleep(self.chance.uniform(0.1, 0.5))


Client = Callable[[Network, list[View]], Coroutine[Any, Any, None]]


async def socket(network: Network, views: list[View]) -> None:
    """`/ws/{id}?after=`"""
    (view,) = views
    while not view.over:
        after = view.after
        ws = await _open(network, f"/ws/{view.job_id}" + ("" if after is None else f"?after={after}"))
        if ws is not None:
            async with ws:
                view.connected(after)
                await _follow(view, ws)
        if not view.over:
            await network.back_off()


async def _follow(view: View, ws: ClientConnection) -> None:
    try:
        while True:
            view.pushed(await ws.recv(decode=False))
    except ConnectionClosed:
        expected = {1000} if view.over else {RESTARTING, TRY_AGAIN, LOST}
        if ws.close_code not in expected:
            view.wrong(f"the socket was closed with {ws.close_code} {ws.close_reason!r} at seq {view.seq}")


async def many_socket(network: Network, views: list[View]) -> None:
    """`/ws`"""
    left = {view.job_id: view for view in views}
    while left:
        ws = await _open(network, "/ws")
        if ws is not None:
            async with ws:
                await _follow_many(network, ws, left)
        if left:
            await network.back_off()


async def _follow_many(network: Network, ws: ClientConnection, left: dict[str, View]) -> None:
    try:
        await _subscribe(ws, left)
        while left:
            await _take(network, ws, left, await ws.recv(decode=False))
    except ConnectionClosed:
        if ws.close_code not in {RESTARTING, LOST}:
            next(iter(left.values())).wrong(f"the socket of many was closed with {ws.close_code}")


async def _subscribe(ws: ClientConnection, left: dict[str, View]) -> None:
    for view in left.values():
        view.connected(view.after)
    await ws.send(json.dumps({"op": "subscribe", "jobs": {job_id: view.after for job_id, view in left.items()}}))


async def _take(network: Network, ws: ClientConnection, left: dict[str, View], message: bytes) -> None:
    if message.startswith(_PREFIX):
        raw = message.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        left[json.loads(raw)["job_id"]].pushed(raw)
        return
    said = json.loads(message)
    view = left[said["job_id"]]
    if said["type"] == "end":
        if not view.over:
            view.wrong(f"its end was told at seq {view.seq}, before the last snapshot")
        del left[view.job_id]
    elif said["status"] == UNAVAILABLE:
        await network.back_off()
        await _subscribe(ws, {view.job_id: view})
    else:
        view.wrong(f"it was refused: {said}")
        del left[view.job_id]


async def event_stream(network: Network, views: list[View]) -> None:
    """`GET /events/{id}`"""
    (view,) = views
    while not view.over:
        after = view.after
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        try:
            async with network.http.stream("GET", network.url(f"/events/{view.job_id}"), headers=headers) as answer:
                if answer.status_code == 200:
                    view.connected(after)
                    async for line in answer.aiter_lines():
                        if line.startswith("data: "):
                            view.pushed(line.removeprefix("data: ").encode())
                elif answer.status_code != UNAVAILABLE:
                    view.wrong(f"the stream was answered with {answer.status_code}")
        except httpx2.TransportError:
            pass
        if not view.over:
            await network.back_off()


async def long_poll(network: Network, views: list[View]) -> None:
    """`GET /status/{id}?after=&wait=`"""
    (view,) = views
    tag = ""
    while not view.over:
        query = "" if view.after is None else f"?after={view.after}&wait={LONG_POLL_S}"
        answer = await network.get(f"/status/{view.job_id}{query}", **_condition(tag))
        if answer is None:
            await network.back_off()
        elif answer.status_code == 200:
            view.polled(answer.content)
            tag = answer.headers["etag"]
        elif answer.status_code != 304:
            view.wrong(f"the long poll was answered with {answer.status_code}: {answer.text}")
            return


async def poll(network: Network, views: list[View]) -> None:
    """`GET /status/{id}` with `If-None-Match`, as often as `Headway-Poll-After` says."""
    (view,) = views
    tag = ""
    while not view.over:
        answer = await network.get(f"/status/{view.job_id}", **_condition(tag))
        if answer is None:
            await network.back_off()
            continue
        if answer.status_code == 200:
            view.polled(answer.content)
            tag = answer.headers["etag"]
        elif answer.status_code != 304:
            view.wrong(f"the poll was answered with {answer.status_code}: {answer.text}")
            return
        await _until_worth_asking(view, answer)


async def batch(network: Network, views: list[View]) -> None:
    """`GET /status?ids=` with `If-None-Match`, as often as `Headway-Poll-After` says."""
    ids = ",".join(view.job_id for view in views)
    by_id = {view.job_id: view for view in views}
    tag = ""
    while not all(view.over for view in views):
        answer = await network.get(f"/status?ids={ids}", **_condition(tag))
        if answer is None:
            await network.back_off()
            continue
        if answer.status_code == 200:
            for raw in snapshots_in(answer.content):
                by_id[json.loads(raw)["job_id"]].polled(raw)
            if missing := answer.json()["missing"]:
                by_id[missing[0]].wrong("the batch calls it missing")
            tag = answer.headers["etag"]
        elif answer.status_code != 304:
            views[0].wrong(f"the batch was answered with {answer.status_code}: {answer.text}")
            return
        await _until_worth_asking(next((view for view in views if not view.over), views[0]), answer)


#: Every transport, and how many jobs one client follows over it at most.
TRANSPORTS: dict[str, tuple[Client, int]] = {
    "socket": (socket, 1),
    "many": (many_socket, 12),
    "events": (event_stream, 1),
    "long-poll": (long_poll, 1),
    "poll": (poll, 1),
    "batch": (batch, 12),
}


async def _open(network: Network, path: str) -> ClientConnection | None:
    """A socket; None if nobody answers now."""
    url = network.url(path).replace("http", "ws", 1)
    try:
        return await connect(url, open_timeout=10, compression=None, ping_interval=None)
    except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed):
        return None


def _condition(tag: str) -> dict[str, str]:
    return {"If-None-Match": tag} if tag else {}


async def _until_worth_asking(view: View, answer: httpx2.Response) -> None:
    after = answer.headers.get("headway-poll-after")
    if after is not None:
        await asyncio.sleep(float(after))
    elif not view.over:
        view.wrong(f"it was told at seq {view.seq} that asking again is of no use")
