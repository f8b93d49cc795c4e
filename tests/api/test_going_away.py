"""How clients leave, how the API does, and that nothing stays behind either of them."""

import asyncio
import json
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from redis import Redis

from api.main import create_app
from api.protocol import SocketProtocol
from api.server import Server
from headway.settings import Settings
from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.api import raw
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, next_frame, open_socket, subscribers, watchers
from tests.ports import free_port
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")

#: What the process may take to end, in seconds: three on a machine that has nothing else to do.
END_S = 6.0
_LARGE = "x" * 200_000


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that has no other clients."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def store(own_redis: RedisServer) -> Iterator[Store]:
    with closing(Store(Settings(HEADWAY_REDIS_URL=own_redis.url))) as store:
        yield store


@pytest.fixture(scope="module")
def impatient(own_redis: RedisServer) -> Iterator[ApiServer]:
    """An API that soon gives up clients who are silent."""
    with api_server(own_redis.url, module="tests.api.impatient") as api:
        yield api


@pytest.fixture
def redis(own_redis: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(own_redis.url) as client:
        client.ping()
        yield client


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def held(api: ApiServer, redis: Redis) -> dict[str, int]:
    """What an API holds: those who follow jobs, open files that are not Redis', and subscriptions to Redis."""
    clients = redis.client_list()
    files = len(list(Path(f"/proc/{api.process.pid}/fd").iterdir()))
    return {
        "watchers": watchers(api),
        "files": files - len(clients),
        "subscribed": sum(client["sub"] != "0" for client in clients),
    }


def wait_for_same(api: ApiServer, redis: Redis, before: dict[str, int]) -> None:
    def as_before() -> bool:
        now = held(api, redis)
        differences.append({name: n - before[name] for name, n in now.items() if n != before[name]})
        return not differences[-1]

    differences: list[dict[str, int]] = []
    try:
        wait_for(as_before, 10, "all is as before")
    except AssertionError:
        raise AssertionError(f"not as before: {differences[-1]}") from None


def fill(api: ApiServer, job: WrittenJob, open_one: Callable[[], socket.socket]) -> socket.socket:
    """A client that follows a job, reads nothing, and has been sent more than its connection holds."""
    before = watchers(api)
    client = open_one()
    wait_for(lambda: watchers(api) == before + 1, 15, "it follows the job")
    if job.seq == 1:
        job.start()
    for percent in range(60):
        job.write(status="running", percent=percent, result=_LARGE)
    return client


def close_frame(api: ApiServer, job: WrittenJob) -> None:
    with raw.opened(api, f"/ws/{job.id}") as client:
        client.sendall(raw.frame(b"\x03\xe8", raw.CLOSE))
        raw.read_all(client)


def no_word(api: ApiServer, job: WrittenJob) -> None:
    raw.opened(api, f"/ws/{job.id}").close()


def tcp_reset(api: ApiServer, job: WrittenJob) -> None:
    raw.reset(raw.opened(api, f"/ws/{job.id}"))


def half_a_frame(api: ApiServer, job: WrittenJob) -> socket.socket:
    client = raw.opened(api, f"/ws/{job.id}")
    client.sendall(raw.frame(b"hello world")[:5])
    return client


def vanish_in_the_handshake(api: ApiServer, job: WrittenJob) -> None:
    hello = raw.handshake(f"/ws/{job.id}")
    for said in (hello, hello[:-10], b""):
        for leave in (socket.socket.close, raw.reset):
            client = raw.connected(api)
            client.sendall(said)
            leave(client)


def half_a_handshake(api: ApiServer, job: WrittenJob) -> socket.socket:
    client = raw.connected(api)
    client.sendall(raw.handshake(f"/ws/{job.id}")[:-10])
    return client


def nothing_said(api: ApiServer, job: WrittenJob) -> socket.socket:
    return raw.connected(api)


def many_jobs(api: ApiServer, job: WrittenJob) -> None:
    client = raw.opened(api, "/ws")
    jobs = dict.fromkeys([job.id, *(f"unknown-{number}" for number in range(100))])
    client.sendall(raw.frame(json.dumps({"op": "subscribe", "jobs": jobs}).encode()))
    assert client.recv(10)
    raw.reset(client)


def long_poll(api: ApiServer, job: WrittenJob) -> None:
    for leave in (socket.socket.close, raw.reset):
        leave(raw.asking(api, f"/status/{job.id}?after=1&wait=30"))


def event_stream(api: ApiServer, job: WrittenJob) -> None:
    for leave in (socket.socket.close, raw.reset):
        client = raw.asking(api, f"/events/{job.id}")
        assert client.recv(10)
        leave(client)


def socket_that_never_reads(api: ApiServer, job: WrittenJob) -> socket.socket:
    return fill(api, job, lambda: raw.opened(api, f"/ws/{job.id}", receive_buffer=4096))


def stream_that_never_reads(api: ApiServer, job: WrittenJob) -> socket.socket:
    return fill(api, job, lambda: raw.asking(api, f"/events/{job.id}", receive_buffer=4096))


def goodbye_without_reading(api: ApiServer, job: WrittenJob) -> socket.socket:
    client = socket_that_never_reads(api, job)
    client.sendall(raw.frame(b"\x03\xe8", raw.CLOSE))
    client.shutdown(socket.SHUT_WR)
    return client


Way = Callable[[ApiServer, WrittenJob], socket.socket | None]


@pytest.mark.parametrize(("way", "clients"), [
    (close_frame, 20), (no_word, 20), (tcp_reset, 20), (half_a_frame, 5), (vanish_in_the_handshake, 10),
    (half_a_handshake, 5), (nothing_said, 5), (many_jobs, 10), (long_poll, 10), (event_stream, 10),
    (socket_that_never_reads, 3), (stream_that_never_reads, 3), (goodbye_without_reading, 1),
])  # fmt: skip
def test_nothing_stays_of_a_client(impatient: ApiServer, store: Store, redis: Redis, way: Way, clients: int) -> None:
    with open_socket(impatient, WrittenJob(store).id) as ws:
        next_frame(ws)
        before, job = held(impatient, redis), WrittenJob(store)
        for _ in range(clients):
            way(impatient, job)
        wait_for_same(impatient, redis, before)


def test_nothing_stays_of_those_who_come_and_go_all_the_time(impatient: ApiServer, store: Store, redis: Redis) -> None:
    jobs = [WrittenJob(store) for _ in range(20)]
    with open_socket(impatient, jobs[0].id) as ws:
        next_frame(ws)
        before = held(impatient, redis)
        # As many as come in five seconds at 5,000 a minute.
        for job, way in islice(zip(cycle(jobs), cycle([close_frame, no_word, tcp_reset]), strict=False), 417):
            way(impatient, job)
        jobs[0].start()
        assert next_frame(ws)["seq"] == 2
        wait_for_same(impatient, redis, before)
    wait_for(lambda: not any(subscribers(redis, job.id) for job in jobs), 20, "no job is listened to")


def test_no_task_stays_of_a_client(redis_url: str, write_job: Write) -> None:
    job, port = write_job(redis_url), free_port()
    settings = Settings(HEADWAY_REDIS_URL=redis_url)
    config = uvicorn.Config(create_app(settings), port=port, ws=SocketProtocol, log_level="warning")
    api = SimpleNamespace(url=f"http://127.0.0.1:{port}", ws_url=f"ws://127.0.0.1:{port}")

    def tasks() -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("headway-")}

    async def until(predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not predicate():  # noqa: ASYNC110 - what is waited for is in the server's tasks
                await asyncio.sleep(0.01)

    async def main() -> None:
        server = Server(config, sweep_s=1.0)
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        await asyncio.to_thread(raw.opened, api, f"/ws/{job.id}")
        before = tasks()
        for way in (close_frame, no_word, tcp_reset, vanish_in_the_handshake, many_jobs, long_poll, event_stream):
            await asyncio.gather(*[asyncio.to_thread(way, api, job) for _ in range(5)])
        await until(lambda: tasks() == before and len(server.server_state.tasks) == 1)
        server.should_exit = True
        await serving
        assert not tasks()

    asyncio.run(main())


def test_sigterm_tells_two_thousand_sockets_and_all_who_wait(
    own_redis: RedisServer, store: Store, redis: Redis, many_files: None
) -> None:
    jobs = [WrittenJob(store) for _ in range(20)]
    subscribe = raw.frame(json.dumps({"op": "subscribe", "jobs": {job.id: 1 for job in jobs}}).encode())
    with api_server(own_redis.url) as api:
        # Of those who follow many jobs, half follow none.
        sockets = raw.opened_many(api, [f"/ws/{job.id}?after=1" for job in jobs] * 90 + ["/ws"] * 200)
        for client in sockets[1800:1900]:
            client.sendall(subscribe)
        polls = [raw.asking(api, f"/status/{job.id}?after=1&wait=30") for job in jobs * 3]
        streams = [raw.asking(api, f"/events/{job.id}") for job in jobs * 3]
        expected = 1800 + 100 * len(jobs) + len(polls) + len(streams)
        wait_for(lambda: watchers(api) == expected, 30, f"{expected} watchers")

        api.process.send_signal(signal.SIGTERM)
        began_s = time.monotonic()
        api.process.wait(END_S)
        print(f"ended {time.monotonic() - began_s:.2f} s after the signal")
        assert {raw.close_code(raw.read_all(client)) for client in sockets} == {1012}
        assert {raw.read_all(client).split(b"\r\n")[0] for client in polls} == {b"HTTP/1.1 304 Not Modified"}
        assert all(raw.read_all(client).endswith(b"\r\n0\r\n\r\n") for client in streams)
        assert api.process.returncode == 0 or api.process.returncode == -signal.SIGTERM
        assert "Traceback" not in Path(api.log).read_text()
    wait_for(lambda: not any(subscribers(redis, job.id) for job in jobs), 15, "no job is listened to")


def test_sigterm_does_not_wait_for_who_never_reads(own_redis: RedisServer, store: Store) -> None:
    job = WrittenJob(store)
    with api_server(own_redis.url) as api:
        socket_that_never_reads(api, job)
        stream_that_never_reads(api, job)
        api.process.send_signal(signal.SIGTERM)
        api.process.wait(END_S)
