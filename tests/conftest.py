"""A real Redis of our own for every test that asks, and an environment without anybody's settings."""

import itertools
import os
from collections.abc import Iterator

import pytest
from redis import Redis

from headway.stack.redis_server import RedisServer
from tests.closing import AFTER_TEST

DATABASES = 64


def pytest_configure() -> None:
    """The tester's own settings must not reach the tests, nor the processes that they start."""
    for name in list(os.environ):
        if name.startswith("HEADWAY_") or name == "REDIS_URL":
            del os.environ[name]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One private server per pytest process. Whoever kills or stops it starts it again."""
    with RedisServer(tmp_path_factory.mktemp("redis"), databases=DATABASES) as server:
        yield server


@pytest.fixture(scope="session")
def _database_numbers() -> Iterator[int]:
    return itertools.cycle(range(DATABASES))


@pytest.fixture
def redis_url(redis_server: RedisServer, _database_numbers: Iterator[int]) -> str:
    """The URL of an empty database of our own server.

    Another test may get the same number 64 tests later. Channels do not know of databases: use job ids of one's own.
    """
    url = f"{redis_server.url}?db={next(_database_numbers)}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(autouse=True)
def _closed_after_test() -> Iterator[None]:
    yield
    while AFTER_TEST:
        AFTER_TEST.pop()()
