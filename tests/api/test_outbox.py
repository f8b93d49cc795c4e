"""What waits for a client that does not read, and what such a client costs the others."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from api.outbox import Outbox
from tests.api import raw
from tests.api.watching import WrittenJob, next_frame, open_socket, watchers
from tests.servers import ApiServer, api_server
from tests.wait import wait_for


class Client:
    """The `send` of a client that reads, stops reading, and may leave."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self._reads = asyncio.Event()
        self._reads.set()
        self._left = False
        #: Set once it has stopped by itself, after so many messages.
        self.stopped = asyncio.Event()
        self.stops_after: int | None = None

    async def send(self, message: Message) -> None:
        """Wait for as long as the client does not read."""
        await self._reads.wait()
        if self._left:
            raise OSError("the client has left")
        self.got.append(message["n"])
        if len(self.got) == self.stops_after:
            self.stop_reading()
            self.stopped.set()

    def stop_reading(self) -> None:
        self._reads.clear()

    def read(self) -> None:
        self._reads.set()

    def leave(self) -> None:
        self._left = True
        self._reads.set()


def message(n: Any) -> Message:
    return {"type": "websocket.send", "n": n}


def run(test: Callable[[Outbox, Client], Coroutine[Any, Any, None]]) -> None:
    """Run with a client that reads, and see that no task is left."""

    async def main() -> None:
        client = Client()
        async with asyncio.timeout(10):
            await test(Outbox(client.send), client)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_what_a_client_takes_at_once_is_sent_without_a_task() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        for n in range(3):
            outbox.put("a", message(n))
        assert client.got == [0, 1, 2]
        assert len(asyncio.all_tasks()) == 1
        await outbox.drained()

    run(test)


def test_of_what_waits_under_one_key_only_the_latest_is_sent() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.stop_reading()
        for n in range(1_000):
            outbox.put("ab"[n % 2], message(n))
        assert (client.got, len(asyncio.all_tasks())) == ([], 2)
        client.read()
        await outbox.drained()
        assert client.got == [0, 999, 998]
        outbox.put("a", message("at once again"))
        assert client.got[-1] == "at once again"

    run(test)


def test_what_comes_while_waiting_messages_are_sent_comes_after_them() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.stop_reading()
        for n, key in enumerate("aab"):
            outbox.put(key, message(n))
        client.stops_after = 2
        client.read()
        await client.stopped.wait()
        # The last one is on its way, and is not taken back.
        outbox.put("a", message(3))
        outbox.put("b", message(4))
        assert client.got == [0, 1]
        client.read()
        await outbox.drained()
        assert client.got == [0, 1, 2, 3, 4]

    run(test)


def test_the_close_comes_after_what_waits_and_nothing_after_it() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.stop_reading()
        for n in range(3):
            outbox.put(n, message(n))
        outbox.close(message("close"))
        outbox.put("late", message("late"))
        outbox.close(message("again"))
        assert outbox.over
        client.read()
        await outbox.drained()
        assert client.got == [0, 1, 2, "close"]

    run(test)


def test_a_close_that_is_taken_at_once_is_the_last_message() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        outbox.close(message("close"))
        outbox.put("a", message(1))
        assert (client.got, outbox.over) == (["close"], True)

    run(test)


def test_a_client_that_has_left_is_sent_nothing_more() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.leave()
        outbox.put("a", message(1))
        assert outbox.over
        outbox.put("a", message(2))
        outbox.close(message("close"))
        assert client.got == []

    run(test)


def test_a_client_that_leaves_while_it_is_waited_for_ends_the_waiting() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.stop_reading()
        for n in range(3):
            outbox.put(n, message(n))
        client.leave()
        await outbox.drained()
        assert (client.got, outbox.over) == ([], True)

    run(test)


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_nothing_is_left_when_it_is_abandoned(turns: int) -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        client.stop_reading()
        for n in range(3):
            outbox.put(n, message(n))
        for _ in range(turns):
            await asyncio.sleep(0)
        await outbox.abandon()
        client.read()
        outbox.put("a", message(9))
        await asyncio.sleep(0)
        assert client.got == []

    run(test)


def test_abandoning_twice_or_what_was_never_used_is_harmless() -> None:
    async def test(outbox: Outbox, client: Client) -> None:
        await outbox.abandon()
        await outbox.abandon()
        await outbox.drained()

    run(test)


@pytest.fixture(scope="module")
def impatient(module_redis_url: str) -> Iterator[ApiServer]:
    with api_server(module_redis_url, module="tests.api.impatient") as api:
        yield api


@pytest.fixture
def watched(job: WrittenJob) -> WrittenJob:
    job.start()
    return job


def memory_mb(api: ApiServer) -> float:
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def never_reads(api: ApiServer, path: str) -> socket.socket:
    asked = raw.asking if path.startswith("/events") else raw.opened
    return asked(api, path, receive_buffer=4096)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("path", ["/ws/{}", "/events/{}", "/ws"])
def test_a_client_that_never_reads_costs_itself_alone(impatient: ApiServer, watched: WrittenJob, path: str) -> None:
    with open_socket(impatient, watched.id) as ws:
        assert next_frame(ws)["seq"] == 2
        for _ in range(5):
            lazy = never_reads(impatient, path.format(watched.id))
            if path == "/ws":
                lazy.sendall(raw.frame(b'{"op": "subscribe", "jobs": {"%b": null}}' % watched.id.encode()))
        wait_for(lambda: watchers(impatient) == 6, 15, "all follow the job")
        before_mb, most_mb, late_s = memory_mb(impatient), 0.0, []
        # 40 MB for each of them, at 200 KB a snapshot.
        for percent in range(200):
            written_at_s = time.monotonic()
            seq = watched.write(status="running", percent=percent % 100, result="x" * 200_000)
            assert next_frame(ws)["seq"] == seq
            late_s.append(time.monotonic() - written_at_s)
            most_mb = max(most_mb, memory_mb(impatient))
        print(f"{most_mb - before_mb:.1f} MB more, {1e3 * max(late_s):.0f} ms late at most")
        assert most_mb - before_mb < 30
        assert sorted(late_s)[len(late_s) // 2] < 0.5
        wait_for(lambda: watchers(impatient) == 1, 10, "who never reads is cut off")
        watched.finish()
        assert next_frame(ws)["status"] == "finished"
