"""What a cell is told about a job that failed."""

import asyncio
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ipywidgets import IntProgress

from headway.client import Client
from headway.errors import JobFailed
from headway.notebook import Handle
from headway.snapshot import JobError
from tests.headway.notebook_bars import bars_client, show, text, widgets
from tests.headway.scripted_api import ScriptedApi, problem, shot
from tests.wait import wait_for

WHY = JobError(type="ValueError", detail="row 7 has no date")


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with bars_client(api.url) as client:
        yield client


def log(first: int, last: int, *, more: bool = False) -> dict[str, Any]:
    """A page of a log."""
    lines = [{"at": "2025-10-28T10:21:34.000Z", "attempt": 1, "line": f"line {n}"} for n in range(first, last + 1)]
    return {"lines": lines, "next": f"{last}-0", "more": more, "over": not more}


def awaited(handle: Handle, timeout_s: float) -> Any:
    """What `await` gives."""

    async def wait() -> Any:
        async with asyncio.timeout(timeout_s):
            return await handle

    return asyncio.run(wait())


@pytest.mark.parametrize("ask", [Handle.wait, Handle.result, awaited])
def test_whoever_waits_gets_the_jobs_error_with_the_end_of_its_log(
    ask: Callable[[Handle, float], Any], api: ScriptedApi, client: Client
) -> None:
    api.put(shot(1, "failed", error=WHY))
    api.answer("GET", "/jobs/j1/logs", 200, log(1, 20, more=True))
    api.answer("GET", "/jobs/j1/logs", 200, log(21, 30))
    with pytest.raises(JobFailed) as raised:
        ask(Handle("j1", None, client), 20)
    assert (raised.value.type, raised.value.detail) == ("ValueError", "row 7 has no date")
    assert raised.value.last_lines == [f"line {n}" for n in range(11, 31)]
    assert "The end of its log:\n  line 11\n" in "".join(traceback.format_exception(raised.value))


def test_a_log_that_cannot_be_read_does_not_hide_the_jobs_error(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, "failed", error=WHY))
    api.answer("GET", "/jobs/j1/logs", 503, problem("unavailable", "away"))
    with pytest.raises(JobFailed, match="ValueError: row 7 has no date") as raised:
        Handle("j1", None, client).result(20)
    assert raised.value.last_lines == []


def test_the_bar_is_red_and_says_the_errors_detail(api: ScriptedApi, client: Client) -> None:
    api.put(shot(1, percent=40, total=5))
    live = show(client)
    wait_for(lambda: widgets(IntProgress)[0].value == 40, 20, "the bar shows 40 %")
    api.put(shot(2, "failed", percent=40, total=5, error=WHY))
    with pytest.raises(JobFailed):
        live.wait(20)
    assert widgets(IntProgress)[0].bar_style == "danger"
    assert "color: #b3261e; white-space: pre-wrap'>ValueError: row 7 has no date</div>" in text()
