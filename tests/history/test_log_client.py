"""A job's log, series and events by the client and on the command line."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from headway import AsyncClient, Client
from headway.errors import JobNotFound
from tests.history.served import Served
from tests.history.test_metric_series import wave


def command(served: Served, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"HEADWAY_API_URL": served.url}
    return subprocess.run(
        [sys.executable, "-m", "headway.cli", "logs", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_log_of_many_pages_is_read_to_where_it_is_now(served: Served):
    job_id = served.running()
    for batch in range(3):
        served.log(job_id, [f"{batch}.{i}" for i in range(1_500)])
    with Client(served.url) as client:
        lines = list(client.logs(job_id))
    assert [line.line for line in lines] == [f"{batch}.{i}" for batch in range(3) for i in range(1_500)]


def test_a_log_is_followed_until_the_job_is_over(served: Served):
    job_id = served.running()
    served.log(job_id, ["first"])
    with Client(served.url) as client, ThreadPoolExecutor() as pool:
        following = client.logs(job_id, follow=True)
        assert next(following).line == "first"
        rest = pool.submit(list, following)
        served.log(job_id, ["second"])
        served.log(job_id, ["third"])
        served.end(job_id)
        assert [line.line for line in rest.result(20)] == ["second", "third"]


def test_the_async_client_reads_the_same(served: Served):
    job_id = served.running()
    served.log(job_id, ["one", "two"])
    served.measure(job_id, 1, wave(30))
    served.end(job_id)

    async def read() -> tuple[list[str], list[int]]:
        async with AsyncClient(served.url) as client:
            lines = [line.line async for line in client.logs(job_id, follow=True)]
            return lines, [len(one.value) for one in await client.metric_series(job_id, names=["loss"], points=10)]

    assert asyncio.run(read()) == (["one", "two"], [10])


def test_series_are_read_whole_or_thinned_out(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, wave(30))
    with Client(served.url) as client:
        assert [one.value for one in client.metric_series(job_id)] == [[point[2] for point in wave(30)]]
        assert len(client.metric_series(job_id, points=5)[0].value) == 5
        assert client.metric_series(job_id, names=["other"]) == []


def test_an_unknown_job_is_said_to_be_unknown(served: Served):
    with Client(served.url) as client, pytest.raises(JobNotFound):
        list(client.logs("nobody", follow=True))


def test_the_command_prints_a_log_and_follows_it_to_the_jobs_end(served: Served):
    job_id = served.running()
    served.log(job_id, ["first \x1b[31mred"])
    once = command(served, job_id)
    assert (once.returncode, once.stdout) == (0, "first red\n")
    served.desk.fail(job_id)
    followed = command(served, job_id, "-f", "-t")
    assert followed.returncode == 1
    assert followed.stdout.endswith("Z first red\n")
    assert command(served, "nobody").returncode == 4


def test_a_page_of_a_log_goes_on_where_another_ended(served: Served):
    job_id = served.running()
    served.log(job_id, ["one"])
    with Client(served.url) as client:
        first = client.log_page(job_id)
        served.log(job_id, ["two"])
        assert [line.line for line in client.log_page(job_id, after=first.next_cursor).lines] == ["two"]
    assert (first.more, first.over) == (False, False)


def test_a_page_of_events_goes_on_where_another_ended(served: Served):
    job_id = served.running()
    served.record(job_id)
    with Client(served.url) as client:
        everything = client.event_page(job_id).events
        first = client.event_page(job_id, limit=1)
        assert first.next is not None
        rest = client.event_page(job_id, after=first.next).events
    assert [*first.events, *rest] == everything
    assert [event.status for event in everything] == ["queued", "started"]
