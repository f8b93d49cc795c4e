"""One socket that follows many jobs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from headway.stack.redis_server import RedisServer
from tests.api.conftest import Write
from tests.api.watching import WrittenJob, new_id, next_frame, open_socket, subscribers, watchers
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

Message = dict[str, Any]


class Many:
    """A client of the socket, and what it has seen of each job."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, op: str, **members: Any) -> None:
        """Ask for something."""
        self.socket.send(json.dumps({"op": op, **members}))

    def subscribe(self, *jobs: WrittenJob, after: int | None = None) -> None:
        """Follow these jobs."""
        self.say("subscribe", jobs={job.id: after for job in jobs})

    def next(self) -> Message:
        """The next message."""
        return next_frame(self.socket)

    def snapshot(self) -> tuple[str, int]:
        """Of which job the next snapshot is, and its seq."""
        message = self.next()
        assert message["type"] == "snapshot", message
        return message["snapshot"]["job_id"], message["snapshot"]["seq"]

    def is_silent(self) -> bool:
        """Whether nothing comes for a while."""
        try:
            self.socket.recv(0.3)
        except TimeoutError:
            return True
        return False

    def code(self) -> int:
        """How it ends."""
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(10)
        return self.socket.close_code or 1006


@contextmanager
def opened(api: ApiServer) -> Iterator[Many]:
    with connect(f"{api.ws_url}/ws", open_timeout=10) as socket:
        yield Many(socket)


@pytest.fixture
def many(api: ApiServer) -> Iterator[Many]:
    with opened(api) as client:
        yield client


@pytest.fixture
def jobs(write_job: Write, module_redis_url: str) -> list[WrittenJob]:
    return [write_job(module_redis_url) for _ in range(3)]


def test_each_job_is_followed_from_its_snapshot_on(many: Many, jobs: list[WrittenJob]) -> None:
    many.subscribe(*jobs)
    assert {many.snapshot() for _ in jobs} == {(job.id, 1) for job in jobs}
    jobs[1].start()
    assert many.snapshot() == (jobs[1].id, 2)
    jobs[0].start()
    assert many.snapshot() == (jobs[0].id, 2)


def test_the_snapshot_is_the_one_that_is_stored(many: Many, job: WrittenJob, redis: Redis) -> None:
    job.start()
    job.write(status="running", message="Zürich ✓ 😀", metrics={})
    many.subscribe(job)
    stored = redis.get(f"job:{job.id}:progress")

    assert isinstance(stored, bytes)
    assert many.socket.recv(5) == '{"type":"snapshot","snapshot":' + stored.decode() + "}"


def test_what_the_client_has_is_not_sent_again(many: Many, jobs: list[WrittenJob]) -> None:
    for job in jobs:
        job.start()
    many.say("subscribe", jobs={jobs[0].id: 2, jobs[1].id: 1, jobs[2].id: 99})

    assert {many.snapshot() for _ in range(2)} == {(jobs[1].id, 2), (jobs[2].id, 2)}
    assert many.is_silent()
    jobs[0].write(status="running", percent=1)
    assert many.snapshot() == (jobs[0].id, 3)


def test_the_end_of_a_job_is_said_and_the_others_go_on(many: Many, jobs: list[WrittenJob], redis: Redis) -> None:
    many.subscribe(*jobs[:2])
    assert {many.snapshot() for _ in range(2)} == {(job.id, 1) for job in jobs[:2]}
    jobs[0].start()
    assert many.snapshot() == (jobs[0].id, 2)
    assert (jobs[0].finish(), many.snapshot()) == (3, (jobs[0].id, 3))
    assert many.next() == {"type": "end", "job_id": jobs[0].id}
    jobs[1].start()
    assert many.snapshot() == (jobs[1].id, 2)


@pytest.mark.parametrize("seen", [None, 1])
def test_a_job_that_is_over_is_its_snapshot_and_the_end(many: Many, job: WrittenJob, seen: int | None) -> None:
    job.start()
    last_seq = job.finish()
    many.subscribe(job, after=seen)

    assert many.snapshot() == (job.id, last_seq)
    assert many.next() == {"type": "end", "job_id": job.id}


def test_a_job_that_is_over_and_known_is_the_end_alone(many: Many, job: WrittenJob) -> None:
    job.start()
    many.subscribe(job, after=job.finish())

    assert many.next() == {"type": "end", "job_id": job.id}


def test_what_is_unsubscribed_is_heard_of_no_more(api: ApiServer, many: Many, jobs: list[WrittenJob]) -> None:
    before = watchers(api)
    many.subscribe(*jobs[:2])
    assert {many.snapshot() for _ in range(2)} == {(job.id, 1) for job in jobs[:2]}
    many.say("unsubscribe", jobs=[jobs[0].id, "never-followed", "no id at all!"])
    wait_for(lambda: watchers(api) == before + 1, 15, "one job is followed")
    jobs[0].start()
    jobs[1].start()

    assert many.snapshot() == (jobs[1].id, 2)


def test_who_subscribes_again_starts_again_from_there(api: ApiServer, many: Many, job: WrittenJob) -> None:
    before = watchers(api)
    for after, sees in ((None, True), (1, False), (0, True), (None, True)):
        many.subscribe(job, after=after)
        assert (many.snapshot() == (job.id, 1)) if sees else many.is_silent()
    assert watchers(api) == before + 1
    job.start()
    assert many.snapshot() == (job.id, 2)
    assert many.is_silent()


def test_a_job_may_be_followed_before_it_is_there(many: Many, redis: Redis) -> None:
    job_id = new_id()
    many.say("subscribe", jobs={job_id: None})
    wait_for(lambda: subscribers(redis, job_id), 15, "the API listens")
    redis.set(f"job:{job_id}:progress", '{"status": "running", "percent": 3}')

    assert many.next()["snapshot"]["percent"] == 3


def test_an_unknown_job_is_an_error_after_five_seconds_and_costs_the_others_nothing(
    api: ApiServer, many: Many, job: WrittenJob, redis: Redis
) -> None:
    before = watchers(api)
    unknown, late, given_up = new_id(), new_id(), new_id()
    many.say("subscribe", jobs={late: None, given_up: None, unknown: None, job.id: 1})
    many.say("unsubscribe", jobs=[given_up])
    wait_for(lambda: watchers(api) == before + 3, 15, "three are followed")
    redis.set(f"job:{late}:progress", '{"status": "queued"}')
    assert many.snapshot() == (late, 1)
    with pytest.raises(TimeoutError):
        many.socket.recv(4)
    assert many.next() == {"type": "error", "job_id": unknown, "status": 404, "detail": "job not found"}
    assert many.is_silent()
    assert watchers(api) == before + 2
    job.start()
    assert many.snapshot() == (job.id, 2)


@pytest.mark.parametrize("job_id", ["a/b", "", "ä", "*", "x" * 65, "x" * 20_000, "\x00"])
def test_what_cannot_be_a_jobs_id_is_an_error_at_once(many: Many, job: WrittenJob, job_id: str) -> None:
    many.say("subscribe", jobs={job_id: None, job.id: None})
    error = many.next()

    assert (error["type"], error["status"], error["detail"]) == ("error", 404, "job not found")
    assert job_id.startswith(error["job_id"])
    assert many.snapshot() == (job.id, 1)


def test_a_snapshot_that_is_none_is_an_error_and_costs_the_others_nothing(
    api: ApiServer, many: Many, job: WrittenJob, redis: Redis
) -> None:
    before, broken = watchers(api), new_id()
    redis.set(f"job:{broken}:progress", "{broken")
    many.say("subscribe", jobs={broken: None, job.id: 1})
    error = many.next()

    assert (error["type"], error["job_id"], error["status"]) == ("error", broken, 502)
    assert watchers(api) == before + 1
    job.start()
    assert many.snapshot() == (job.id, 2)


def test_two_hundred_jobs_are_followed_and_no_more(api: ApiServer, many: Many, jobs: list[WrittenJob]) -> None:
    before = watchers(api)
    many.say("subscribe", jobs={f"{jobs[0].id}-{number}": None for number in range(199)})
    many.subscribe(jobs[0])
    assert many.snapshot() == (jobs[0].id, 1)
    many.subscribe(jobs[1])
    error = many.next()
    assert (error["type"], error["job_id"], error["status"], "200" in error["detail"]) == (
        "error", jobs[1].id, 429, True
    )  # fmt: skip
    assert watchers(api) == before + 200
    # One that is followed already takes no further place, and one that is given up makes room.
    many.subscribe(jobs[0])
    assert many.snapshot() == (jobs[0].id, 1)
    many.say("unsubscribe", jobs=[f"{jobs[0].id}-7"])
    many.subscribe(jobs[1])
    assert many.snapshot() == (jobs[1].id, 1)


@pytest.mark.parametrize("said", [
    "", "hello", "{", "null", "[]", "7", '"subscribe"', "{}", '{"op": "fly"}', '{"op": null, "jobs": {}}',
    '{"op": "subscribe"}', '{"op": "subscribe", "jobs": ["a"]}', '{"op": "subscribe", "jobs": {"a": "1"}}',
    '{"op": "subscribe", "jobs": {"a": 1.5}}', '{"op": "subscribe", "jobs": {"a": -1}}',
    '{"op": "subscribe", "jobs": {"a": true}}', '{"op": "subscribe", "jobs": {"a": NaN}}',
    '{"op": "subscribe", "jobs": {"a": 1' + "0" * 400 + "}}", '{"op": "subscribe", "jobs": {}, "more": 1}',
    '{"op": "unsubscribe", "jobs": {"a": 1}}', '{"op": "unsubscribe", "jobs": [1]}', '{"op": "auth"}',
    '{"op": "auth", "token": 7}', '{"op": "auth", "token": "' + "x" * 9_000 + '"}',
    json.dumps({"op": "subscribe", "jobs": dict.fromkeys(map(str, range(201)))}),
    json.dumps({"op": "unsubscribe", "jobs": ["a"] * 201}), "[" * 10_000,
    '{"op": "subscribe", "jobs": {"\\ud800": null}}',
])  # fmt: skip
def test_what_is_not_understood_is_an_error_and_the_socket_goes_on(many: Many, job: WrittenJob, said: str) -> None:
    many.subscribe(job)
    assert many.snapshot() == (job.id, 1)
    many.socket.send(said)
    error = many.next()
    assert (error["type"], error["job_id"], error["status"]) == ("error", None, 400)
    assert 0 < len(error["detail"]) < 500
    job.start()
    assert many.snapshot() == (job.id, 2)


def test_saying_who_asks_changes_nothing_while_no_users_are_configured(many: Many, job: WrittenJob) -> None:
    many.say("auth", token="anything")
    many.subscribe(job)

    assert many.snapshot() == (job.id, 1)


@pytest.mark.parametrize(("said", "code"), [(b"{}", 1003), (b"\xff", 1003), ("x" * 40_000, 1009)])
def test_a_frame_that_is_no_text_or_too_large_ends_its_socket_alone(
    api: ApiServer, many: Many, job: WrittenJob, said: str | bytes, code: int
) -> None:
    with opened(api) as other:
        other.subscribe(job)
        assert other.snapshot() == (job.id, 1)
        many.subscribe(job)
        many.socket.send(said)
        assert many.code() == code
        job.start()
        assert other.snapshot() == (job.id, 2)


def test_a_thousand_subscriptions_at_once_end_their_socket_alone(
    api: ApiServer, many: Many, jobs: list[WrittenJob]
) -> None:
    before = watchers(api)
    with opened(api) as other, open_socket(api, jobs[0].id) as single:
        other.subscribe(*jobs)
        assert {other.snapshot() for _ in jobs} == {(job.id, 1) for job in jobs}
        assert next_frame(single)["seq"] == 1
        with suppress(ConnectionClosed):
            for number in range(1_000):
                many.say("subscribe", jobs={jobs[0].id: None, f"unknown-{number}": None})
        assert many.code() == 1008
        jobs[0].start()
        assert other.snapshot() == (jobs[0].id, 2)
        assert next_frame(single)["seq"] == 2
        wait_for(lambda: watchers(api) == before + 4, 15, "the others alone are left")


def test_a_redis_that_is_away_is_an_error_of_each_job_and_the_socket_goes_on(tmp_path: Path, write_job: Write) -> None:
    with RedisServer(tmp_path / "redis") as server, api_server(server.url) as api, opened(api) as many:
        known, other = write_job(server.url), write_job(server.url)
        many.subscribe(known)
        assert many.snapshot() == (known.id, 1)
        server.stop()
        many.say("subscribe", jobs={other.id: None, "a/b": None})
        errors = {(error["job_id"], error["status"]) for error in (many.next(), many.next())}
        assert errors == {(other.id, 503), ("a/b", 404)}
        server.start()
        server.wait_ready()
        many.subscribe(other)
        assert many.snapshot() == (other.id, 1)
        known.start()
        assert many.snapshot() == (known.id, 2)


def test_messages_in_fragments_are_taken_as_one(many: Many, job: WrittenJob) -> None:
    whole = json.dumps({"op": "subscribe", "jobs": {job.id: None}})
    many.socket.send(iter([whole[:7], whole[7:20], whole[20:]]))

    assert many.snapshot() == (job.id, 1)


def test_many_sockets_share_one_subscription_to_a_job(api: ApiServer, job: WrittenJob, redis: Redis) -> None:
    with opened(api) as first, opened(api) as second, open_socket(api, job.id) as third:
        for client in (first, second):
            client.subscribe(job)
            assert client.snapshot() == (job.id, 1)
        assert next_frame(third)["seq"] == 1
        assert subscribers(redis, job.id) == 1
        job.start()
        assert (first.snapshot(), second.snapshot(), next_frame(third)["seq"]) == ((job.id, 2), (job.id, 2), 2)
