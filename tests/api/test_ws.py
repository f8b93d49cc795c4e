"""The WebSocket: which frames come, in which order, and how it ends."""

import signal
import socket
import time
from contextlib import ExitStack, suppress

import httpx2
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed

from api.hub import CONFIRM_TIMEOUT_S
from api.listener import PING_S
from tests.api import raw
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket, read_to_end, subscribers, watchers
from tests.servers import ApiServer, api_server
from tests.wait import wait_for


def test_the_first_frame_is_the_snapshot(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as ws:
        frame = next_frame(ws)

    assert (frame["job_id"], frame["status"], frame["seq"]) == (job.id, "queued", 1)


def test_every_frame_has_a_larger_seq_and_the_terminal_one_ends_it_with_1000(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as ws:
        first = next_frame(ws)
        job.start()
        for percent in range(10):
            job.write(status="running", percent=percent)
        last_seq = job.finish({"value": [1, {}]})
        frames, code = read_to_end(ws)

    seqs = [frame["seq"] for frame in (first, *frames)]
    assert seqs == sorted(set(seqs))
    assert (frames[-1]["seq"], frames[-1]["result"], code) == (last_seq, {"value": [1, {}]}, 1000)


def test_after_the_latest_seq_nothing_is_sent_until_something_changes(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id, "?after=1") as ws:
        with pytest.raises(TimeoutError):
            ws.recv(0.3)
        job.start()
        assert next_frame(ws)["seq"] == 2


@pytest.mark.parametrize("after", [0, 99])
def test_after_any_other_seq_the_snapshot_comes_first(api: ApiServer, job: WrittenJob, after: int) -> None:
    with open_socket(api, job.id, f"?after={after}") as ws:
        assert next_frame(ws)["seq"] == 1


def test_after_the_terminal_seq_it_ends_at_once(api: ApiServer, job: WrittenJob) -> None:
    job.start()
    with open_socket(api, job.id, f"?after={job.finish()}") as ws:
        assert read_to_end(ws) == ([], 1000)


@pytest.mark.parametrize("after", ["-1", "1.5", "two", "9" * 40, "٣"])
def test_an_after_that_is_no_seq_is_refused_with_a_reason(api: ApiServer, job: WrittenJob, after: str) -> None:
    with open_socket(api, job.id, f"?after={after}") as ws, pytest.raises(ConnectionClosed) as closed:
        ws.recv(5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400
    assert "after" in closed.value.rcvd.reason


def test_a_job_may_be_watched_before_it_is_there(api: ApiServer, module_redis_url: str, redis: Redis) -> None:
    job_id = new_id()
    with open_socket(api, job_id) as ws:
        wait_for(lambda: subscribers(redis, job_id), 15, "the API listens")
        redis.set(f"job:{job_id}:progress", '{"status": "running", "percent": 3}')
        assert next_frame(ws)["percent"] == 3


def test_an_unknown_job_is_4404_after_five_seconds_and_one_that_came_meanwhile_is_not(
    api: ApiServer, redis: Redis
) -> None:
    job_id = new_id()
    with open_socket(api, job_id) as late, open_socket(api, new_id()) as ws:
        wait_for(lambda: subscribers(redis, job_id), 15, "the API listens")
        redis.set(f"job:{job_id}:progress", '{"status": "queued"}')
        assert next_frame(late)["seq"] == 1
        with pytest.raises(TimeoutError):
            ws.recv(4)
        assert read_to_end(ws) == ([], 4404)
        redis.set(f"job:{job_id}:progress", '{"status": "running"}')
        assert next_frame(late)["seq"] == 2


@pytest.mark.parametrize("job_id", ["a/b", "a%2Fb", "x" * 4_000, "%00", "ä", "a:b"])
def test_an_id_that_no_job_can_have_is_4404_at_once(api: ApiServer, job_id: str) -> None:
    with open_socket(api, job_id) as ws:
        assert read_to_end(ws) == ([], 4404)


@pytest.mark.parametrize("handshake", [
    f"GET /ws/{'x' * 10_000} HTTP/1.1\r\nHost: localhost\r\n",
    "GET /ws/a HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 300,
])  # fmt: skip
def test_a_handshake_too_long_to_read_is_refused_and_over(api: ApiServer, handshake: str) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    with socket.create_connection((host, int(port)), timeout=15) as client:
        client.sendall(f"{handshake}{upgrade}{'A' * 22}==\r\n\r\n".encode())
        answer = b""
        while received := client.recv(4096):
            answer += received

    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "origin", ["https://example.org", "null", "http://localhost.example.org", "http://127.0.0.1.nip.io"]
)
def test_a_page_of_another_site_is_4403(api: ApiServer, job: WrittenJob, origin: str) -> None:
    with open_socket(api, job.id, origin=origin) as ws:
        assert read_to_end(ws) == ([], 4403)


def test_a_page_from_another_port_of_this_machine_is_served(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id, origin="http://localhost:5173") as ws:
        assert next_frame(ws)["job_id"] == job.id


def test_what_the_client_says_is_ignored(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as ws:
        next_frame(ws)
        ws.send("hello")
        job.start()
        assert next_frame(ws)["status"] == "started"


def test_a_large_frame_from_the_client_ends_its_socket_alone(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as other, open_socket(api, job.id) as ws:
        assert next_frame(other)["seq"] == 1
        ws.send("x" * 100_000)
        assert read_to_end(ws)[1] == 1009
        job.start()
        assert next_frame(other)["seq"] == 2


def test_a_client_that_leaves_is_noticed_at_once(api: ApiServer, job: WrittenJob) -> None:
    before = watchers(api)
    with open_socket(api, job.id) as ws:
        next_frame(ws)
        assert watchers(api) == before + 1

    wait_for(lambda: watchers(api) == before, 15, "the watcher is gone")


def test_no_socket_is_compressed_also_where_the_client_offers_it(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id, compression="deflate") as ws:
        next_frame(ws)
        assert ws.protocol.extensions == []


def test_a_binary_frame_ends_its_socket_alone(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as other, open_socket(api, job.id) as ws:
        assert (next_frame(other)["seq"], next_frame(ws)["seq"]) == (1, 1)
        ws.send(b"\x00\xff")
        assert read_to_end(ws) == ([], 1003)
        job.start()
        assert next_frame(other)["seq"] == 2


@pytest.mark.parametrize("path", ["/ws/{}", "/ws"])
def test_text_that_is_not_utf_8_ends_its_socket_with_1007_and_not_a_word_in_the_log(
    api: ApiServer, job: WrittenJob, path: str
) -> None:
    logged = api.log.read_text()
    with open_socket(api, job.id) as other, raw.opened(api, path.format(f"{job.id}?after=1")) as ws:
        assert next_frame(other)["seq"] == 1
        ws.sendall(raw.frame(b"\xff\xfe"))
        assert raw.close_code(raw.read_all(ws)) == 1007
        job.start()
        assert next_frame(other)["seq"] == 2
    assert api.log.read_text() == logged


def test_a_thousand_messages_at_once_end_their_socket_with_1008(api: ApiServer, job: WrittenJob) -> None:
    with open_socket(api, job.id) as ws:
        next_frame(ws)
        with suppress(ConnectionClosed):
            for _ in range(1_000):
                ws.send("hello")
        assert read_to_end(ws) == ([], 1008)


def test_a_snapshot_that_is_none_ends_with_1011(api: ApiServer, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", "{broken")
    with open_socket(api, job_id) as ws:
        assert read_to_end(ws) == ([], 1011)


def test_fifty_sockets_on_a_silent_job_leave_everything_answering(api: ApiServer, job: WrittenJob) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(api, job.id)) for _ in range(50)]
        for ws in sockets:
            next_frame(ws)
        assert httpx2.get(f"{api.url}/healthz", timeout=10).status_code == 200
        assert httpx2.get(f"{api.url}/status/{job.id}", timeout=10).json()["status"] == "queued"
        with open_socket(api, job.id) as another:
            assert next_frame(another)["seq"] == 1


def test_sigterm_closes_sockets_with_1012_and_ends_within_two_seconds(redis_url: str, write_job: Write) -> None:
    job = write_job(redis_url)
    with api_server(redis_url) as api, open_socket(api, job.id) as ws:
        next_frame(ws)
        api.process.send_signal(signal.SIGTERM)
        assert read_to_end(ws) == ([], 1012)
        api.process.wait(2)


@pytest.mark.slow
def test_a_socket_works_after_minutes_in_which_nobody_watched(api: ApiServer, job: WrittenJob, redis: Redis) -> None:
    with open_socket(api, job.id) as ws:
        next_frame(ws)
    # Longer than any interval at which the API's connection to Redis is looked after.
    began_s = time.monotonic()
    wait_for(lambda: time.monotonic() - began_s > 2 * PING_S, 3 * PING_S, "some time passes")
    began_s = time.monotonic()
    with open_socket(api, job.id) as ws:
        assert next_frame(ws)["seq"] == 1
    assert time.monotonic() - began_s < CONFIRM_TIMEOUT_S
