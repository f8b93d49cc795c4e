"""The History page in a browser: the address keeps what was chosen."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.apps.streamlit_server import streamlit_server
from tests.headway.scripted_api import ScriptedApi
from tests.wait import wait_for

PERIOD = {"since": "2026-01-01T00:00:00.000Z", "until": "2026-01-02T00:00:00.000Z"}


@pytest.fixture(scope="module")
def quiet_url() -> Iterator[str]:
    """The app in front of an API whose history knows of no job."""
    with ScriptedApi() as api, streamlit_server(HEADWAY_API_URL=api.url) as url:
        api.answer("GET", "/tasks", 200, [])
        api.answer("GET", "/analytics/throughput", 200, {**PERIOD, "bucket": "hour", "buckets": []})
        api.answer("GET", "/analytics/tasks", 200, {**PERIOD, "total": {}, "tasks": []})
        yield url


def test_the_address_keeps_the_chosen_time_over_a_reload(page: Page, quiet_url: str) -> None:
    page.goto(f"{quiet_url}/history")
    expect(page.get_by_text("No job came in or ended in this time.")).to_be_visible()
    chosen = page.get_by_role("combobox", name="The last")
    chosen.click()
    page.get_by_role("option", name="30 days").click()
    wait_for(lambda: parse_qs(urlsplit(page.url).query).get("last") == ["30 days"], 15, "the address says so")
    page.reload()
    expect(chosen).to_have_value("30 days")
