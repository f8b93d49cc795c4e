"""Fixtures of running servers; a folder's conftest.py imports those that its tests use."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from redis import Redis

from headway.stack.redis_server import RedisServer
from tests.servers import ApiServer, api_server, worker_process


@dataclass(frozen=True)
class Stack:
    """An API and a worker on one empty Redis database."""

    api: ApiServer
    redis_url: str
    client: httpx2.Client

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self.api.url


@pytest.fixture(scope="module")
def module_redis_url(redis_server: RedisServer, _database_numbers: Iterator[int]) -> str:
    """Like `redis_url`, for all tests of one module."""
    url = f"{redis_server.url}?db={next(_database_numbers)}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="module")
def api(module_redis_url: str) -> Iterator[ApiServer]:
    """The API, without any worker."""
    with api_server(module_redis_url) as server:
        yield server


@pytest.fixture
def http(api: ApiServer) -> Iterator[httpx2.Client]:
    """A client of `api`."""
    with httpx2.Client(base_url=api.url, timeout=10) as client:
        yield client


@pytest.fixture
def redis(module_redis_url: str) -> Iterator[Redis]:
    """The Redis of `api` and `stack`."""
    with Redis.from_url(module_redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def stack(module_redis_url: str, api: ApiServer) -> Iterator[Stack]:
    """The API and one worker with the example tasks."""
    with worker_process(module_redis_url), httpx2.Client(base_url=api.url, timeout=10) as client:
        yield Stack(api, module_redis_url, client)
