"""The asyncio client against a real server that plays what the API may say."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from headway.client import AsyncClient, Client
from headway.errors import (
    ApiRefused,
    ApiUnavailable,
    HeadwayError,
    InvalidJobId,
    JobFailed,
    JobNotFound,
    JobWasCanceled,
    StillRunning,
)
from headway.snapshot import Snapshot
from headway.status import Status
from tests.headway.scripted_api import ScriptedApi, shot
from tests.ports import free_port
from tests.wait import wait_for

TASK = {"name": "t", "schema": {}, "fields": []}


async def until(predicate: Callable[[], object], what: str) -> None:
    """As `wait_for`, while the event loop goes on."""
    await asyncio.to_thread(wait_for, predicate, 10, what)


@asynccontextmanager
async def leaving_nothing(api: ScriptedApi) -> AsyncIterator[AsyncClient]:
    """A client in a loop that has, at the end, the tasks it had at the beginning, and a server without connections."""
    before = asyncio.all_tasks()
    async with AsyncClient(api.url, user="ada") as client:
        yield client
    # The event loop closes a generator that was left in a task of its own.
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=5)
    assert asyncio.all_tasks() == before
    await until(lambda: api.connections == 0, "every connection is closed")


def run(api: ScriptedApi, story: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Play a story with a client, and see that it leaves nothing behind."""

    async def play() -> None:
        async with leaving_nothing(api) as client:
            await story(client)

    asyncio.run(play())


async def seqs_of(client: AsyncClient, seqs: list[int]) -> None:
    async for snapshot in client.watch("j1"):
        seqs.append(snapshot.seq)  # noqa: PERF401 - looked at while it grows


def test_every_method_has_the_name_and_the_arguments_of_the_blocking_clients() -> None:
    for name, method in inspect.getmembers(AsyncClient, inspect.isfunction):
        if not name.startswith("_") and name != "aclose":
            ours, theirs = inspect.signature(method), inspect.signature(getattr(Client, name))
            assert ours.parameters == theirs.parameters, name
            assert name in {"watch", "logs"} or ours.return_annotation == theirs.return_annotation
    assert inspect.signature(AsyncClient) == inspect.signature(Client)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("submit", {"task": "t", "params": {"n": 1}}),
        ("status", {"job_id": "j1"}),
        ("statuses", {"job_ids": ["j1", "j2"]}),
        ("result", {"job_id": "j1"}),
        ("job", {"job_id": "j1"}),
        ("jobs", {"status": "running", "limit": 3}),
        ("tasks", {}),
        ("task", {"name": "a/b"}),
        ("workers", {}),
    ],
)
def test_every_method_asks_and_answers_as_the_blocking_client_does(
    api: ScriptedApi, method: str, arguments: dict[str, Any]
) -> None:
    last = shot(2, "finished", result={"href": "/jobs/j1/result", "bytes": 2})
    api.put(last)
    plain = last.model_dump(mode="json")
    api.answer("POST", "/jobs", 201, plain)
    api.answer("GET", "/jobs", 200, {"jobs": [plain], "next": None})
    api.answer("GET", "/jobs/j1", 200, {"snapshot": plain, "spec": None, "attempts": [], "heartbeat_at": None})
    api.answer("GET", "/jobs/j1/result", 200, [1])
    api.answer("GET", "/tasks", 200, [])
    api.answer("GET", "/tasks/a/b", 404, {"type": "urn:headway:task-not-found"})
    api.answer("GET", "/workers", 200, [])
    positional = [arguments.pop(name) for name in ("task", "params") if method == "submit"]

    def outcome_of(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except HeadwayError as error:
            return repr(error)

    async def ask() -> Any:
        async with AsyncClient(api.url, user="ada", token="s3cret") as client:
            return await getattr(client, method)(*positional, **arguments)

    with Client(api.url, user="ada", token="s3cret") as client:
        theirs = outcome_of(lambda: getattr(client, method)(*positional, **arguments))
    half = len(api.seen)
    assert outcome_of(lambda: asyncio.run(ask())) == theirs
    sent = [(seen.method, seen.path, seen.query, seen.body, _lasting(seen.headers)) for seen in api.seen]
    assert sent[half:] == sent[:half] != []


def _lasting(headers: dict[str, str]) -> dict[str, str]:
    """What does not differ from one request to the next."""
    return {name: value for name, value in headers.items() if name != "idempotency-key"}


def test_a_submit_whose_answer_was_lost_is_repeated_with_the_same_key(api: ScriptedApi) -> None:
    api.answer("POST", "/jobs", 201, b"{", {"Content-Length": "99"})
    api.answer("POST", "/jobs", 201, shot(1, "queued").model_dump(mode="json"))

    async def story(client: AsyncClient) -> None:
        await client.submit("a")

    run(api, story)
    first, second = api.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_a_watch_follows_the_socket_to_the_end(api: ScriptedApi) -> None:
    api.put(shot(3))

    async def story(client: AsyncClient) -> None:
        seqs: list[int] = []
        watching = asyncio.create_task(seqs_of(client, seqs))
        await until(lambda: api.open_sockets == 1, "the socket is open")
        for snapshot in (shot(3), shot(5), shot(4)):
            api.put(snapshot)
        api.frame("j1", b"half a fra")
        api.put(shot(6, "finished"))
        await watching
        assert seqs == [3, 5, 6]

    run(api, story)
    assert api.socket_queries == [{"after": "3"}]
    assert len(api.polls("j1")) == 1


def test_a_watch_survives_a_cut_and_a_restart_of_the_api(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        seqs: list[int] = []
        watching = asyncio.create_task(seqs_of(client, seqs))
        await until(lambda: api.open_sockets == 1, "the socket is open")
        api.put(shot(2))
        await until(lambda: 2 in seqs, "it was yielded")
        api.cut("j1", 1011)
        await until(lambda: len(api.socket_queries) == 2 and api.open_sockets == 1, "it connects again")
        await asyncio.to_thread(api.stop)
        api.put(shot(3, "finished"))
        await asyncio.to_thread(api.start)
        await watching
        assert seqs == [1, 2, 3]

    run(api, story)


def test_without_a_socket_the_answer_is_held_back_until_there_is_news(api: ScriptedApi) -> None:
    api.refuse_sockets = api.holds = True
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        seqs: list[int] = []
        watching = asyncio.create_task(seqs_of(client, seqs))
        await until(lambda: api.held == 1, "an answer is held back")
        api.put(shot(2, "finished"))
        await watching
        assert seqs == [1, 2]

    run(api, story)


def test_canceling_a_task_that_waits_on_a_socket_leaves_nothing(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        tasks = asyncio.all_tasks()
        watching = asyncio.create_task(seqs_of(client, []))
        await until(lambda: api.open_sockets == 1, "the socket is open")
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert asyncio.all_tasks() == tasks
        await until(lambda: api.open_sockets == 0, "the socket is closed")

    run(api, story)


def test_canceling_a_task_that_asks_for_one_snapshot_leaves_nothing(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        watch = client.watch("j1")
        await anext(watch)
        asking = asyncio.create_task(watch.next_within(60))
        await until(lambda: api.open_sockets == 1, "the socket is open")
        asking.cancel()
        await asyncio.wait({asking})
        assert watch.done
        await until(lambda: api.open_sockets == 0, "the socket is closed")

    run(api, story)


def test_canceling_a_task_that_waits_for_a_held_answer_leaves_nothing(api: ScriptedApi) -> None:
    api.refuse_sockets = api.holds = True
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        tasks = asyncio.all_tasks()
        watching = asyncio.create_task(seqs_of(client, []))
        await until(lambda: api.held == 1, "an answer is held back")
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert asyncio.all_tasks() == tasks
        await until(lambda: api.held == 0, "the server has noticed")

    run(api, story)


def test_canceling_a_task_between_two_snapshots_leaves_nothing(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        between = asyncio.Event()

        async def dawdle() -> None:
            async for snapshot in client.watch("j1"):
                if snapshot.seq == 2:
                    between.set()
                    await asyncio.Event().wait()

        dawdling = asyncio.create_task(dawdle())
        await until(lambda: api.open_sockets == 1, "the socket is open")
        api.put(shot(2))
        await between.wait()
        dawdling.cancel()
        await asyncio.wait({dawdling})
        del dawdling
        await until(lambda: api.open_sockets == 0, "the socket is closed")

    run(api, story)


@pytest.mark.parametrize("refuse_sockets", [False, True])
def test_a_task_may_be_canceled_at_any_moment(api: ScriptedApi, refuse_sockets: bool) -> None:
    api.refuse_sockets = api.holds = refuse_sockets
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        tasks = asyncio.all_tasks()
        for turns in range(0, 120, 3):
            watching = asyncio.create_task(seqs_of(client, []))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            watching.cancel()
            await asyncio.wait({watching})
            assert watching.cancelled()
        del watching
        assert asyncio.all_tasks() == tasks
        await until(lambda: api.open_sockets + api.held == 0, "the server has noticed")
        assert (await client.status("j1")).seq == 1

    run(api, story)


def test_leaving_the_loop_closes_the_socket(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        async for snapshot in client.watch("j1"):
            if snapshot.seq == 1:
                asyncio.get_running_loop().call_later(0, lambda: api.put(shot(2)))
            if snapshot.seq == 2:
                break
        await until(lambda: api.open_sockets == 0, "the socket is closed")

    run(api, story)


def test_a_watch_that_is_forgotten_gives_its_socket_back(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        watch = client.watch("j1")
        await anext(watch)
        while not api.open_sockets:
            await watch.next_within(0.01)
        del watch
        await until(lambda: api.open_sockets == 0, "the socket is closed")

    run(api, story)


@pytest.mark.parametrize("holds", [False, True])
def test_closing_a_watch_from_another_task_ends_it_quietly(api: ScriptedApi, holds: bool) -> None:
    api.refuse_sockets = api.holds = holds
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        watch = client.watch("j1")
        seen: list[Snapshot] = []

        async def follow() -> None:
            seen.extend([snapshot async for snapshot in watch])

        following = asyncio.create_task(follow())
        await until(
            lambda: api.open_sockets or (len(api.socket_queries) == 3 and api.held), "it waits, for more than a second"
        )
        await watch.aclose()
        async with asyncio.timeout(1):
            await following
        assert [snapshot.seq for snapshot in seen] == [1]
        assert watch.done

    run(api, story)


def test_closing_the_client_ends_its_watches(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        waiting = asyncio.create_task(client.result("j1"))
        await until(lambda: api.open_sockets == 1, "the socket is open")
        await client.aclose()
        with pytest.raises(HeadwayError, match="closed before the job ended"):
            await waiting
        with pytest.raises(HeadwayError, match="has been closed"):
            await client.status("j1")

    run(api, story)


def test_anext_and_next_within_go_on_where_the_other_was(api: ScriptedApi) -> None:
    api.put(shot(1))

    async def story(client: AsyncClient) -> None:
        async with client.watch("j1") as watch:
            assert (await anext(watch)).seq == 1
            assert await watch.next_within(0.05) is None
            api.put(shot(2, "finished"))
            assert (await anext(watch)).seq == 2
            with pytest.raises(StopAsyncIteration):
                await anext(watch)

    run(api, story)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (shot(1, "failed", error={"type": "ValueError", "detail": "no"}), JobFailed),
        (shot(1, "canceled"), JobWasCanceled),
        (shot(1), StillRunning),
    ],
)
def test_a_job_without_a_result_raises_what_became_of_it(
    api: ScriptedApi, last: Snapshot, expected: type[HeadwayError]
) -> None:
    api.put(last)

    async def story(client: AsyncClient) -> None:
        with pytest.raises(expected):
            await client.result("j1", timeout_s=0.2)

    run(api, story)


def test_a_watch_raises_what_ended_it(api: ScriptedApi) -> None:
    async def story(client: AsyncClient) -> None:
        with pytest.raises(JobNotFound):
            await anext(client.watch("j1"))
        with pytest.raises(InvalidJobId):
            client.watch("a/b")
        api.answer("GET", "/status/j1", 403, {"detail": "not yours"})
        with pytest.raises(ApiRefused, match="not yours"):
            await anext(client.watch("j1"))

    run(api, story)


def test_no_api_says_so() -> None:
    async def ask() -> None:
        async with AsyncClient(f"http://127.0.0.1:{free_port()}") as client:
            with pytest.raises(ApiUnavailable, match="make run"):
                await client.tasks()
            with pytest.raises(ApiUnavailable, match="make run"):
                await anext(client.watch("j1", timeout_s=0.3))

    asyncio.run(ask())


def test_many_watches_at_once_each_see_their_own_job(api: ScriptedApi) -> None:
    job_ids = [f"j{number}" for number in range(20)]
    for job_id in job_ids:
        api.put(Snapshot(job_id=job_id, seq=1, status=Status.RUNNING))

    async def story(client: AsyncClient) -> None:
        waiting = [asyncio.create_task(client.result(job_id)) for job_id in job_ids]
        await until(lambda: api.open_sockets == 20, "every socket is open")
        for job_id in job_ids:
            api.put(Snapshot(job_id=job_id, seq=2, status=Status.FINISHED, result=json.dumps(job_id)))
        assert await asyncio.gather(*waiting) == [json.dumps(job_id) for job_id in job_ids]

    run(api, story)
