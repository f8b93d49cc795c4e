"""Transitions: each change of status once per name, whoever asks, and whatever ends in between."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from redis import Redis

from headway import keys, transitions
from headway.changes import Transition, Transitions
from headway.errors import BadInput
from headway.settings import Settings
from headway.status import Status
from tests.history.desk import Desk
from tests.servers import ROOT, process
from tests.wait import wait_for


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url)


@pytest.fixture
def desk(settings: Settings, redis_url: str) -> Iterator[Desk]:
    with Redis.from_url(redis_url) as redis:
        desk = Desk(settings, redis)
        yield desk
        desk.close()


def told(changes: Transitions) -> list[tuple[str, Status | None, Status]]:
    return [(change.job_id, change.was, change.status) for change in changes]


def whole(job_id: str) -> list[tuple[str, Status | None, Status]]:
    return [
        (job_id, None, Status.QUEUED), (job_id, Status.QUEUED, Status.STARTED),
        (job_id, Status.STARTED, Status.RUNNING), (job_id, Status.RUNNING, Status.FINISHED),
    ]  # fmt: skip


def test_every_change_of_status_is_told_once_and_progress_is_not(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        job_id = desk.finished(5)
        assert told(changes) == whole(job_id)
        assert told(changes) == []


def test_a_failed_attempt_is_told_as_a_job_that_is_queued_again(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        job_id = desk.create()
        desk.start(job_id)
        desk.fail(job_id, again=True)
        *_, last = changes
    assert (last.was, last.status, last.snapshot.attempt) == (Status.STARTED, Status.QUEUED, 2)


def test_a_name_goes_on_where_it_left_off_and_a_new_one_begins_now(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings):
        pass
    job_id = desk.finished(1)
    with transitions("mail", timeout_s=0, settings=settings) as old:
        assert told(old) == whole(job_id)
    with transitions("chat", timeout_s=0, settings=settings) as new:
        assert told(new) == []


def test_those_who_share_a_name_share_the_changes(settings: Settings, desk: Desk) -> None:
    with (
        transitions("mail", timeout_s=0, settings=settings) as one,
        transitions("mail", timeout_s=0, settings=settings) as other,
        transitions("chat", timeout_s=0, settings=settings) as alone,
    ):
        jobs = [desk.finished(1) for _ in range(5)]
        shared = [next(changes) for _ in range(10) for changes in (one, other)]
        assert told(one) == told(other) == []
        everything = sorted(change.id for change in alone)
    assert sorted(change.id for change in shared) == everything
    assert {change.job_id for change in shared} == set(jobs)


def test_what_was_not_done_with_is_told_again(settings: Settings, desk: Desk) -> None:
    def first_of(changes: Transitions) -> Transition:
        return next(iter(changes))

    with transitions("mail", timeout_s=0, settings=settings) as changes:
        job_id = desk.finished(1)
        cut_short = first_of(changes)
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        again = first_of(changes)
        assert (again.id, again.status) == (cut_short.id, Status.QUEUED)
        assert told(changes) == whole(job_id)[1:]


def test_what_a_killed_process_held_comes_to_another_one_after_its_time(settings: Settings, desk: Desk) -> None:
    killed = transitions("mail", timeout_s=0, settings=settings)
    desk.create()
    held = next(killed)
    with transitions("mail", timeout_s=0, claim_s=0.2, settings=settings) as changes:
        taken: list[str] = []
        wait_for(lambda: taken.extend(change.id for change in changes) or taken, 15, "the held one")
    assert taken == [held.id]
    killed.close()


def test_a_plain_writers_job_is_told_too(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        for status, percent in (("running", 10), ("running", 60), ("finished", 100)):
            plain = {"job_id": "lesson", "status": status, "percent": percent}
            desk.redis.set(keys.snapshot("lesson"), json.dumps(plain))
            desk.store.read("lesson")
        assert told(changes) == [
            ("lesson", None, Status.RUNNING), ("lesson", Status.RUNNING, Status.FINISHED),
        ]  # fmt: skip


def test_a_redis_that_came_back_empty_is_followed_on(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        job_id = desk.create()
        desk.start(job_id)
        assert len(told(changes)) == 2
        desk.redis.flushdb()
        desk.report(job_id, 1)
        desk.report(job_id, 10, status="finished", percent=100)
        assert told(changes) == [(job_id, Status.RUNNING, Status.FINISHED)]


def test_an_entry_that_nobody_can_read_holds_up_nothing(settings: Settings, desk: Desk) -> None:
    with transitions("mail", timeout_s=0, settings=settings) as changes:
        desk.redis.xadd(keys.TRANSITIONS, {"job": "j", "snapshot": "{"})
        desk.redis.xadd(keys.TRANSITIONS, {"job": "j", "adopted": "1", "seq": "x", "snapshot": "{}"})
        job_id = desk.create()
        assert told(changes) == [(job_id, None, Status.QUEUED)]


@pytest.mark.parametrize("wrong", [{"consumer": "a b"}, {"timeout_s": -1}, {"timeout_s": float("nan")}, {"claim_s": 0}])
def test_what_makes_no_sense_is_refused(settings: Settings, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        transitions(**{"consumer": "mail", "settings": settings} | wrong)


class Inbox(BaseHTTPRequestHandler):
    """Takes what is posted."""

    posted: list[dict[str, str]]

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, str]]]]:
    posted: list[dict[str, str]] = []
    handler = type("Inbox", (Inbox,), {"posted": posted})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", posted
        server.shutdown()


def test_the_manual_shows_the_notifier_as_it_is() -> None:
    code = (ROOT / "worker" / "notifier.py").read_text()
    shown = (ROOT / "docs" / "transitions.md").read_text().split("```")[1].removeprefix("python\n").rstrip()
    assert shown in code


def test_the_notifier_posts_every_job_that_ends_once_over_its_own_end(
    desk: Desk, redis_url: str, inbox: tuple[str, list[dict[str, str]]]
) -> None:
    url, posted = inbox
    command = [sys.executable, "-m", "worker.notifier", url]

    def joined() -> bool:
        return bool(desk.redis.exists(keys.TRANSITIONS) and desk.redis.xinfo_groups(keys.TRANSITIONS))

    with process(command, {"REDIS_URL": redis_url}) as (running, _):
        wait_for(joined, 20, "the notifier begins")
        first = desk.finished(2)
        wait_for(lambda: posted, 10, "the first job")
        running.send_signal(signal.SIGKILL)
        running.wait()
    second = desk.create()
    desk.start(second)
    desk.fail(second)
    with process(command, {"REDIS_URL": redis_url}):
        wait_for(lambda: len(posted) > 1, 20, "the second job")
    ended = dict.fromkeys((post["job_id"], post["text"]) for post in posted)
    assert list(ended) == [(first, "count finished"), (second, "count failed: ValueError: no column 'x'")]
