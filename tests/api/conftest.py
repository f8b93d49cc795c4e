"""Servers for the API's tests, and jobs written without a worker."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from headway.settings import Settings
from headway.store import Store
from tests.api.watching import WrittenJob
from tests.fixtures import api, http, module_redis_url, redis, stack

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
def job(write_job: Write, module_redis_url: str) -> WrittenJob:
    """A queued job in the Redis of `api`."""
    return write_job(module_redis_url)
