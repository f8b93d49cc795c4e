"""The API goes away under an open page and comes back."""

import json
import re

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from headway import keys
from tests.apps.streamlit_server import streamlit_server
from tests.ports import free_port
from tests.servers import api_server


def test_a_page_keeps_what_it_knew_and_recovers_by_itself(page: Page, redis: Redis, module_redis_url: str) -> None:
    port = free_port()
    redis.set(keys.snapshot("b-lost"), json.dumps({"job_id": "b-lost", "status": "running", "percent": 20}))
    with streamlit_server(HEADWAY_API_URL=f"http://127.0.0.1:{port}") as app_url:
        with api_server(module_redis_url, port=port):
            page.goto(f"{app_url}/job?job=b-lost")
            expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
        expect(page.get_by_text("The API has not answered since")).to_contain_text("What is shown is from then")
        expect(page.get_by_text(re.compile("^Running, seen .+ ago$"))).to_be_visible()
        expect(page).to_have_title("no answer b-lost · headway")
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
        redis.set(keys.snapshot("b-lost"), json.dumps({"job_id": "b-lost", "status": "running", "percent": 60}))
        with api_server(module_redis_url, port=port):
            expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "60")
            expect(page.get_by_text("The API has not answered since")).to_have_count(0)
            expect(page.get_by_text("Running", exact=True)).to_be_visible()
            expect(page).to_have_title("60 % b-lost · headway")


@pytest.mark.slow
def test_a_page_whose_own_server_goes_away_says_how_old_it_is(page: Page, redis: Redis, module_redis_url: str) -> None:
    redis.set(keys.snapshot("b-gone"), json.dumps({"job_id": "b-gone", "status": "running", "percent": 20}))
    with api_server(module_redis_url) as api, streamlit_server(HEADWAY_API_URL=api.url) as app_url:
        page.goto(f"{app_url}/job?job=b-gone")
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
    said = page.get_by_text("The API has not answered since")
    expect(said).to_contain_text("The server of this page does not answer either.")
    expect(page).to_have_title("no answer b-gone · headway")
    before = said.inner_text()
    expect(said).not_to_have_text(before)
