"""The API as a process: what stops its start, what does not, and its workers' announcements."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from headway.stack.redis_server import RedisServer
from tests.fixtures import Stack
from tests.servers import ROOT, api_server, inherited
from tests.wait import wait_for


def start(**env: str) -> subprocess.CompletedProcess[str]:
    command, settings = [sys.executable, "-m", "api"], inherited() | env
    return subprocess.run(command, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_a_taken_port_is_one_sentence_and_exit_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start(HEADWAY_API_PORT=str(port))

    assert ended.returncode == 2
    assert ended.stderr.startswith("headway: HEADWAY_API_PORT")
    assert (str(port) in ended.stderr, ended.stderr.count("\n")) == (True, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWAY_API_PORT", "no"),
        ("HEADWAY_API_HOST", "0.0.0.0"),
        ("REDIS_URL", "http://x"),
        ("REDIS_URL", "redis://localhost:abc"),
        ("REDIS_URL", "redis://localhost?foo=1"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_2(name: str, value: str) -> None:
    ended = start(**{name: value})

    assert ended.returncode == 2
    assert (ended.stderr.startswith(f"headway: {name}: "), ended.stderr.count("\n")) == (True, 1)


def test_the_api_starts_without_redis_and_is_ready_once_it_answers(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    with api_server(server.url, wait_ready=False) as api:
        assert httpx2.get(f"{api.url}/healthz").status_code == 200
        assert httpx2.get(f"{api.url}/readyz").status_code == 503
        with server:
            wait_for(lambda: httpx2.get(f"{api.url}/readyz").status_code == 200, 15, "the API is ready")
            assert httpx2.post(f"{api.url}/workflow/run", json={}).status_code == 200


def test_a_worker_and_what_it_serves_are_listed(stack: Stack) -> None:
    (worker,) = stack.client.get("/workers").json()
    tasks = {task["name"]: task for task in stack.client.get("/tasks").json()}

    everything = {"bootstrap_delays", "long_task", "profile_table", "search_digits", "train_digits"}
    assert (worker["queues"], set(worker["tasks"])) == (["default"], everything)
    assert worker["age_s"] < 12
    assert (tasks["profile_table"]["workers"], tasks["long_task"]["workers"]) == (1, 1)
    assert stack.client.post("/workflow/run", json={"n_steps": 1}).status_code == 200


def test_the_answers_name_no_server(stack: Stack) -> None:
    assert "server" not in stack.client.get("/healthz").headers
