"""How often an open page asks."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from headway.snapshot import Snapshot
from headway.status import Status
from tests.apps.streamlit_server import streamlit_server
from tests.headway.scripted_api import ScriptedApi
from tests.wait import wait_for


@pytest.fixture
def scripted_api() -> Iterator[ScriptedApi]:
    with ScriptedApi() as server:
        yield server


def seconds_for(scripted_api: ScriptedApi, polls: int) -> float:
    """How long it takes until the page has asked so many times more."""
    start, asked = time.monotonic(), len(scripted_api.polls("b-pace"))
    wait_for(lambda: len(scripted_api.polls("b-pace")) >= asked + polls, 30, f"{polls} more polls")
    return time.monotonic() - start


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_page_asks_at_the_apis_pace_and_no_more_after_the_end(page: Page, scripted_api: ScriptedApi) -> None:
    scripted_api.poll_after = "0.5"
    scripted_api.put(Snapshot(job_id="b-pace", status=Status.RUNNING, percent=20))
    with streamlit_server(HEADWAY_API_URL=scripted_api.url) as app_url:
        page.goto(f"{app_url}/job?job=b-pace")
        expect(page.get_by_role("progressbar", name=re.compile("Progress"))).to_be_visible()
        assert 1 < seconds_for(scripted_api, 4) < 5
        scripted_api.poll_after = "2.5"
        seconds_for(scripted_api, 1)
        assert 4 < seconds_for(scripted_api, 2) < 10
        scripted_api.put(Snapshot(job_id="b-pace", status=Status.FINISHED, percent=100, seq=2))
        expect(page.get_by_text("Finished", exact=True)).to_be_visible()
        asked = len(scripted_api.polls("b-pace"))
        page.wait_for_timeout(3_000)
        assert len(scripted_api.polls("b-pace")) == asked
