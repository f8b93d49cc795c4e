"""Requests that wait for a job to change."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx2
import pytest
from redis import Redis

import api.hub
from api.auth import local_user
from api.jobs import Seen, find_latest, find_newer
from api.main import create_app
from headway.settings import Settings
from tests.api.raw import asking
from tests.api.watching import WrittenJob, new_id, watchers
from tests.servers import ApiServer
from tests.wait import wait_for

Wait = Callable[..., "Future[httpx2.Response]"]


@pytest.fixture
def waiting(api: ApiServer, http: httpx2.Client) -> Iterator[Wait]:
    """Sends a request from a thread, and returns once the API follows the job for it."""

    with ThreadPoolExecutor() as pool:

        def ask(job_id: str, after: int, wait: float = 20, **headers: str) -> "Future[httpx2.Response]":
            before = watchers(api)
            params = {"after": after, "wait": wait}
            answer = pool.submit(http.get, f"/status/{job_id}", params=params, headers=headers, timeout=wait + 10)
            wait_for(lambda: watchers(api) > before, 15, "the request waits")
            return answer

        yield ask


def test_waiting_ends_with_the_change(waiting: Wait, job: WrittenJob) -> None:
    asked = waiting(job.id, after=1)
    assert not asked.done()
    job.start()
    answer = asked.result(5)

    assert (answer.status_code, answer.json()["seq"]) == (200, 2)
    assert answer.headers["etag"].startswith('"2-')
    assert answer.headers["headway-poll-after"] == "1"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_several_who_wait_are_all_answered(waiting: Wait, job: WrittenJob) -> None:
    asked = [waiting(job.id, after=1) for _ in range(5)]
    job.start()

    assert [answer.result(5).json()["seq"] for answer in asked] == [2] * 5


def test_what_is_newer_already_is_answered_at_once(http: httpx2.Client, job: WrittenJob) -> None:
    job.start()
    began_s = time.monotonic()
    answer = http.get(f"/status/{job.id}?after=1&wait=30")

    assert (answer.status_code, answer.json()["seq"]) == (200, 2)
    assert time.monotonic() - began_s < 10


def test_a_time_out_is_304_with_what_a_poll_would_say(http: httpx2.Client, job: WrittenJob) -> None:
    tag = http.get(f"/status/{job.id}").headers["etag"]
    began_s = time.monotonic()
    answer = http.get(f"/status/{job.id}?after=1&wait=0.4")

    assert time.monotonic() - began_s >= 0.4
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert answer.headers["headway-poll-after"] == "1"


@pytest.mark.parametrize("wait", ["", "&wait=0"])
def test_without_a_time_to_wait_after_alone_tells_304_from_200(http: httpx2.Client, job: WrittenJob, wait: str) -> None:
    answers = [http.get(f"/status/{job.id}?after={after}{wait}").status_code for after in (0, 1, 2)]

    assert answers == [200, 304, 200]


def test_a_time_to_wait_without_after_waits_for_nothing(http: httpx2.Client, job: WrittenJob) -> None:
    began_s = time.monotonic()

    assert http.get(f"/status/{job.id}?wait=30").json()["seq"] == 1
    assert time.monotonic() - began_s < 10


@pytest.mark.parametrize(("behind", "status"), [(0, 304), (1, 200), (-7, 200)])
def test_a_job_that_is_over_is_answered_at_once_and_not_worth_asking_again(
    http: httpx2.Client, job: WrittenJob, behind: int, status: int
) -> None:
    job.start()
    last_seq = job.finish()
    began_s = time.monotonic()
    answer = http.get(f"/status/{job.id}?after={last_seq - behind}&wait=30")

    assert answer.status_code == status
    assert "headway-poll-after" not in answer.headers
    assert time.monotonic() - began_s < 10


def test_a_seq_from_the_future_is_waited_for_and_then_what_is_there_is_given(
    http: httpx2.Client, job: WrittenJob
) -> None:
    began_s = time.monotonic()
    answer = http.get(f"/status/{job.id}?after=99&wait=0.4")

    assert time.monotonic() - began_s >= 0.4
    assert (answer.status_code, answer.json()["seq"]) == (200, 1)


def test_changes_below_a_seq_from_the_future_do_not_end_the_waiting(waiting: Wait, job: WrittenJob) -> None:
    asked = waiting(job.id, after=4)
    job.start()
    for percent in (10, 20, 30):
        job.write(status="running", percent=percent)

    assert asked.result(5).json()["seq"] == 5


def test_if_none_match_decides_between_200_and_304(http: httpx2.Client, job: WrittenJob) -> None:
    tag = http.get(f"/status/{job.id}").headers["etag"]

    def ask(after: int, sent: str) -> int:
        answer = http.get(f"/status/{job.id}?after={after}&wait=0.1", headers={"If-None-Match": sent})
        return answer.status_code

    assert ask(1, tag) == 304
    assert ask(0, tag) == 304
    assert ask(9, tag) == 304
    assert ask(9, '"1-other"') == 200


def test_another_body_under_the_same_seq_is_answered_at_once(http: httpx2.Client, job: WrittenJob) -> None:
    began_s = time.monotonic()
    answer = http.get(f"/status/{job.id}?after=1&wait=30", headers={"If-None-Match": '"1-other"'})

    assert (answer.status_code, answer.json()["seq"]) == (200, 1)
    assert time.monotonic() - began_s < 10


def test_with_the_tag_of_what_is_there_waiting_ends_with_the_change(
    waiting: Wait, http: httpx2.Client, job: WrittenJob
) -> None:
    tag = http.get(f"/status/{job.id}").headers["etag"]
    asked = waiting(job.id, 1, **{"If-None-Match": tag})
    job.start()

    assert (asked.result(5).status_code, asked.result().json()["seq"]) == (200, 2)


def test_a_lesson_writers_set_without_a_message_ends_the_waiting(waiting: Wait, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", '{"status": "running", "percent": 3}')
    asked = waiting(job_id, after=1)
    redis.set(f"job:{job_id}:progress", '{"status": "running", "percent": 4}')

    assert asked.result(5).json()["percent"] == 4


def test_a_job_that_is_deleted_while_it_is_waited_for_is_404(waiting: Wait, redis: Redis) -> None:
    job_id = new_id()
    redis.set(f"job:{job_id}:progress", '{"status": "running"}')
    asked = waiting(job_id, after=1, wait=1)
    redis.delete(*redis.keys(f"job:{job_id}:*"))
    redis.publish(f"job:{job_id}:updates", "")

    assert asked.result(5).status_code == 404


def test_an_unknown_job_is_404_without_waiting(http: httpx2.Client) -> None:
    began_s = time.monotonic()

    assert http.get(f"/status/{new_id()}?after=1&wait=30").status_code == 404
    assert time.monotonic() - began_s < 10


@pytest.mark.parametrize("query", [
    "after=x", "after=", "after=1.5", "after=-1", f"after={'9' * 40}", "after=nan", "after=%00",
    "after=1&wait=-1", "after=1&wait=30.5", "after=1&wait=31", "after=1&wait=x", "after=1&wait=",
    "after=1&wait=nan", "after=1&wait=inf", "after=1&wait=1e400",
])  # fmt: skip
def test_what_is_no_seq_or_no_time_is_refused_at_once(http: httpx2.Client, job: WrittenJob, query: str) -> None:
    answer = http.get(f"/status/{job.id}?{query}")

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:headway:bad-request")
    assert answer.json()["errors"][0]["field"] in {"after", "wait"}


def test_a_client_that_leaves_is_not_waited_for(api: ApiServer, job: WrittenJob) -> None:
    before = watchers(api)
    with asking(api, f"/status/{job.id}?after=1&wait=30"):
        wait_for(lambda: watchers(api) == before + 1, 15, "the request waits")

    wait_for(lambda: watchers(api) == before, 15, "nobody waits")


def test_what_changed_at_the_very_end_is_no_304(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing but the answer itself looks at the job again.
    monkeypatch.setattr(api.hub, "FOREIGN_REREAD_S", 60.0)
    job_id = new_id()
    key = f"job:{job_id}:progress"
    settings = Settings(HEADWAY_REDIS_URL=redis_url)

    async def test(direct: Redis) -> None:
        app = create_app(settings)
        async with app.router.lifespan_context(app) as state:
            services = state["services"]
            latest = await find_latest(services, local_user(None), job_id)
            asked = find_newer(services, local_user(None), job_id, Seen(latest.seq, latest.etag), 1.0)
            waiting = asyncio.create_task(asked)
            while services.hub.counts["channels"] == 0:  # noqa: ASYNC110 - it is Redis that is waited for
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            direct.set(key, '{"status": "running", "percent": 4}')
            assert (await waiting).seq == 2

    with Redis.from_url(redis_url) as direct:
        direct.set(key, '{"status": "running", "percent": 3}')
        asyncio.run(test(direct))
