"""The servers that these tests use."""

from collections.abc import Iterator

import pytest

from tests.cli.command import Command
from tests.fixtures import api, module_redis_url
from tests.headway.scripted_api import ScriptedApi
from tests.servers import ApiServer, worker_process

__all__ = ["api", "module_redis_url"]


@pytest.fixture(scope="module")
def headway(module_redis_url: str, api: ApiServer) -> Iterator[Command]:
    """The command, with an API and one worker that has the example tasks and those of the tests."""
    with worker_process(module_redis_url, tasks=("worker.examples", "tests.worker.jobs", "tests.cli.jobs")):
        yield Command({"REDIS_URL": module_redis_url, "HEADWAY_API_URL": api.url})


@pytest.fixture
def scripted_api() -> Iterator[ScriptedApi]:
    """A server that says what a test tells it to, for answers that a real API gives only by accident."""
    with ScriptedApi() as server:
        yield server
