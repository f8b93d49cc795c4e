"""`make run`: the stack over the real rooms."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.history.database import Database, database_url
from headway.history.reading import History
from headway.settings import Settings
from headway.snapshot import Snapshot
from headway.stack.redis_server import RedisServer
from tests.needs import need_program
from tests.stack.running import Running
from tests.wait import wait_for

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def api() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


def last_status(history: History, job_id: str) -> str:
    return str(history.events(job_id).events[-1]["status"])


def test_the_first_job_finishes_and_a_stop_hands_the_running_one_back(tmp_path, api):
    with Running(ROOT, tmp_path / "data", command=[need_program("make"), "run"]) as stack:
        stack.wait_for_links(100)
        url = f"http://127.0.0.1:{stack.environment['HEADWAY_API_PORT']}"
        first = stack.wait_for_line(r"/job\?job=([\w-]+)")[1]

        def status(job_id: str) -> str:
            return api.get(f"{url}/status/{job_id}").json()["status"]

        wait_for(lambda: status(first) == "finished", 50, "the first job finishes")

        database = Database(database_url(Settings(data_dir=tmp_path / "data")), read_only=True)
        wait_for(lambda: last_status(History(database), first) == "finished", 30, "its history is kept")
        database.close()

        params = {"task": "long_task", "params": {"n_steps": 100_000}}
        second = api.post(f"{url}/jobs", json=params).json()["job_id"]
        wait_for(lambda: status(second) == "running", 20, "the second job runs")
        stack.wait_for_processes(f"headway {second}#1", 1)

        stack.ctrl_c()
        # Make itself ends by the signal, once what it started has ended.
        assert stack.wait(30) == -signal.SIGINT
        assert "everything is stopped." in stack.output
        assert stack.left() == []

    with RedisServer(tmp_path / "data" / "redis") as server, Redis.from_url(server.url) as client:
        kept = Snapshot.model_validate_json(client.get(keys.snapshot(second)))
        assert kept.status == "queued"
