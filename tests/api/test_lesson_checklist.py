"""The lesson's testing checklist (section 8), one test a line."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import httpx2

from headway import Client
from tests.api.watching import open_socket, read_to_end
from tests.fixtures import Stack
from tests.servers import api_server
from tests.wait import wait_for


def run(client: httpx2.Client, n_steps: int = 2) -> str:
    job_id: str = client.post("/workflow/run", json={"n_steps": n_steps}).raise_for_status().json()["job_id"]
    return job_id


def submit(client: httpx2.Client, task: str, **params: object) -> str:
    job_id: str = client.post("/jobs", json={"task": task, "params": params}).raise_for_status().json()["job_id"]
    return job_id


def ended(client: httpx2.Client, job_id: str) -> dict[str, object]:
    def snapshot() -> dict[str, object] | None:
        now = client.get(f"/status/{job_id}").json()
        return now if now["status"] in {"finished", "failed", "canceled"} else None

    return wait_for(snapshot, 20, f"job {job_id} ends") or {}


def test_1_an_enqueued_job_is_queued_at_once(redis_url: str) -> None:
    with api_server(redis_url) as api, httpx2.Client(base_url=api.url) as client:
        answer = client.get(f"/status/{run(client)}")

    assert answer.status_code == 200
    assert answer.json()["status"] == "queued"


def test_2_while_it_runs_the_percent_rises_and_the_socket_sends_updates(stack: Stack) -> None:
    with open_socket(stack.api, run(stack.client, n_steps=3)) as ws:
        frames, code = read_to_end(ws)

    running = [frame["percent"] for frame in frames if frame["status"] == "running"]
    assert running == sorted(set(running))
    assert {33, 66} <= set(running)
    assert code == 1000


def test_3_on_finish_the_status_is_finished_and_the_result_present(stack: Stack) -> None:
    snapshot = ended(stack.client, submit(stack.client, "long_task", n_steps=2, step_s=0.01))

    assert (snapshot["status"], snapshot["percent"], snapshot["message"]) == ("finished", 100, "complete")
    assert snapshot["result"] == {"msg": "done", "value": 42}


def test_4_on_an_exception_the_status_is_failed_and_the_error_present(stack: Stack) -> None:
    snapshot = ended(stack.client, submit(stack.client, "profile_table", path="/etc/passwd"))

    assert snapshot["status"] == "failed"
    assert snapshot["error"]["type"] == "PathNotAllowed"  # type: ignore[index]
    assert "HEADWAY_DATA_ROOTS" in snapshot["error"]["detail"]  # type: ignore[index]


def test_5_a_refreshed_front_end_still_shows_the_last_snapshot(stack: Stack) -> None:
    job_id = submit(stack.client, "long_task", n_steps=1, step_s=0.01)
    last = ended(stack.client, job_id)

    with api_server(stack.redis_url) as another:
        refreshed = httpx2.get(f"{another.url}/status/{job_id}").json()

    assert refreshed == last


def test_6_when_the_socket_drops_the_client_goes_on_by_polling(stack: Stack) -> None:
    job_id = submit(stack.client, "long_task", n_steps=8, step_s=0.25)

    with sockets_dropped_after_one_frame(stack.api_url) as (url, dropped), Client(url) as client:
        snapshots = list(client.watch(job_id))

    assert dropped.is_set()
    assert [snapshot.seq for snapshot in snapshots] == sorted({snapshot.seq for snapshot in snapshots})
    assert snapshots[-1].result == {"msg": "done", "value": 42}


@contextmanager
def sockets_dropped_after_one_frame(api_url: str) -> Iterator[tuple[str, threading.Event]]:
    """A proxy that cuts the first WebSocket after its first answers, and refuses every later one."""
    dropped = threading.Event()
    target = (urlsplit(api_url).hostname, urlsplit(api_url).port)

    def serve(inner: socket.socket) -> None:
        with closing(inner), closing(socket.create_connection(target)) as outer:
            asked = inner.recv(65536)
            if asked.startswith(b"GET /ws"):
                if dropped.is_set():
                    return
                outer.sendall(asked)
                inner.sendall(outer.recv(65536))
                dropped.set()
                return
            outer.sendall(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            while answer := outer.recv(65536):
                inner.sendall(answer)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", dropped
        listening.shutdown(socket.SHUT_RDWR)
