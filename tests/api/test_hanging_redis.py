"""A Redis that hangs: it keeps its connections, and answers nothing until it goes on."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx2
import pytest
from starlette.testclient import TestClient

from api.main import create_app
from headway.settings import Settings
from headway.snapshot import Spec
from headway.stack.redis_server import RedisServer
from headway.store import Store
from tests.api.test_errors import AWAY, CALLS, WITHOUT_REDIS, Call, check_problem, send
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket, read_to_end
from tests.ports import free_port
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

#: Streamlit waits this long for an answer, and every other client longer.
CLIENT_S = 5.0
JOBS = 40


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis"), port=free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def hanging_api(own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    # By its port: over a unix socket redis-py looks once more for late replies, which could hide that it has to.
    data_dir = str(tmp_path_factory.mktemp("data"))
    with api_server(own_redis.port_url or "", HEADWAY_DATA_DIR=data_dir) as api:
        yield api


@pytest.fixture
def client(hanging_api: ApiServer) -> Iterator[httpx2.Client]:
    limits = httpx2.Limits(max_connections=None)
    with httpx2.Client(base_url=hanging_api.url, timeout=20, limits=limits) as client:
        client.get("/tasks").raise_for_status()
        yield client


@pytest.fixture
def jobs(own_redis: RedisServer) -> Iterator[list[WrittenJob]]:
    with closing(Store(Settings(HEADWAY_REDIS_URL=own_redis.url))) as store:
        yield [WrittenJob(store) for _ in range(JOBS)]


@contextmanager
def hanging(server: RedisServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def timed(client: httpx2.Client, call: Call) -> tuple[Call, httpx2.Response, float]:
    begun_s = time.monotonic()
    answer = send(client, call)
    return call, answer, time.monotonic() - begun_s


def test_every_route_answers_503_before_its_client_gives_up(client: httpx2.Client, own_redis: RedisServer) -> None:
    with hanging(own_redis), ThreadPoolExecutor(len(CALLS)) as pool:
        answers = list(pool.map(lambda call: timed(client, call), CALLS))

    for call, answer, took_s in answers:
        assert took_s < CLIENT_S, call
        if call[1] not in WITHOUT_REDIS:
            check_problem(answer, 503, AWAY.get(call[1].split("/")[1], "redis-unavailable"))
            assert int(answer.headers["retry-after"]) > 0


def test_a_socket_is_closed_with_1013(hanging_api: ApiServer, own_redis: RedisServer) -> None:
    with hanging(own_redis), open_socket(hanging_api, new_id()) as socket:
        assert read_to_end(socket) == ([], 1013)


def test_each_gets_its_own_answer_once_redis_goes_on(
    hanging_api: ApiServer, client: httpx2.Client, own_redis: RedisServer, jobs: list[WrittenJob]
) -> None:
    def status(job: WrittenJob) -> httpx2.Response:
        return client.get(f"/status/{job.id}")

    with ThreadPoolExecutor(JOBS) as pool:
        # Many connections, each with a command under way when Redis stops.
        assert {answer.status_code for answer in pool.map(status, jobs)} == {200}
        with hanging(own_redis):
            assert {answer.status_code for answer in pool.map(status, jobs)} == {503}
        wait_for(lambda: client.get("/readyz").status_code == 200, 20, "the API is ready again")
        for _ in range(3):
            answers = [answer.raise_for_status().json() for answer in pool.map(status, reversed(jobs))]
            assert [answer["job_id"] for answer in answers] == [job.id for job in reversed(jobs)]
    with open_socket(hanging_api, jobs[0].id) as socket:
        assert next_frame(socket)["job_id"] == jobs[0].id


def test_a_submit_that_hangs_half_way_is_503_too(redis_url: str) -> None:
    going_on = threading.Event()

    class Hanging:
        def enqueue(self, spec: Spec, attempt: int) -> None:
            going_on.wait(30)

        def position(self, spec: Spec, attempt: int) -> int | None:
            return None

        def close(self) -> None:
            pass

    app = create_app(Settings(HEADWAY_REDIS_URL=redis_url), Hanging())
    with TestClient(app, base_url="http://localhost") as client:
        try:
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda path: timed(client, ("POST", path)), ["/jobs", "/workflow/run"]))
        finally:
            going_on.set()

    for call, answer, took_s in answers:
        check_problem(answer, 503, "redis-unavailable")
        assert took_s < CLIENT_S, call
