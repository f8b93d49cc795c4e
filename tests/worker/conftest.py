"""The servers that these tests use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.stack.redis_server import RedisServer
from tests.fixtures import api, module_redis_url
from tests.worker.floor import Floor

__all__ = ["api", "floor", "module_redis_url", "server"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be killed and stopped as it likes."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def floor(redis_url: str) -> Iterator[Floor]:
    """Where jobs are submitted to `redis_url`."""
    floor = Floor(redis_url)
    yield floor
    floor.close()
