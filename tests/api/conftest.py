"""Servers for the API's tests, and jobs written without a worker."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from types import ModuleType

import pytest
from redis import Redis

from headway.settings import Settings
from headway.store import Store
from tests.api.watching import WrittenJob
from tests.fixtures import api, http, module_redis_url, redis, stack
from tests.servers import ROOT, ApiServer, api_server

__all__ = ["api", "http", "module_redis_url", "redis", "stack"]

Write = Callable[..., WrittenJob]


@pytest.fixture
def write_job() -> Iterator[Write]:
    """Makes jobs: `write_job(redis_url, owner=…, task=…, queue=…)`."""
    with ExitStack() as stack:

        def write(redis_url: str, **about: str) -> WrittenJob:
            store = stack.enter_context(closing(Store(Settings(HEADWAY_REDIS_URL=redis_url))))
            return WrittenJob(store, **about)

        yield write


@pytest.fixture
def direct(redis_url: str) -> Iterator[Redis]:
    """A client of this test's own Redis."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def job(write_job: Write, module_redis_url: str) -> WrittenJob:
    """A queued job in the Redis of `api`."""
    return write_job(module_redis_url)


@pytest.fixture(scope="module")
def both(api: ApiServer, module_redis_url: str) -> Iterator[tuple[ApiServer, ApiServer]]:
    """Two API processes on one Redis."""
    with api_server(module_redis_url) as another:
        yield api, another


@pytest.fixture
def writers(module_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The lesson's module, writing into our Redis without its pauses."""
    monkeypatch.setenv("LESSON_REDIS_URL", module_redis_url)
    monkeypatch.setenv("LESSON_STEP_S", "0.02")
    spec = importlib.util.spec_from_file_location("lesson_writers", ROOT / "tests" / "lesson" / "writers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
