"""The API goes away under an open page and comes back."""

import json

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
        expect(page.get_by_text("The API gives no answer now")).to_contain_text("old.")
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
        redis.set(keys.snapshot("b-lost"), json.dumps({"job_id": "b-lost", "status": "running", "percent": 60}))
        with api_server(module_redis_url, port=port):
            expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "60")
            expect(page.get_by_text("The API gives no answer now")).to_have_count(0)
