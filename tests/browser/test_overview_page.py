"""The Overview in a browser: it changes with nothing clicked, and comes back when the API does."""

import json
from typing import Any

from playwright.sync_api import Page, expect
from redis import Redis

from headway import keys
from tests.apps.streamlit_server import streamlit_server
from tests.ports import free_port
from tests.servers import api_server


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    """Write a snapshot as a foreign program does, where the list finds it."""
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))
    redis.zadd(keys.INDEX, {job_id: 1_767_268_800_000})


def test_the_overview_changes_with_nothing_clicked_and_leads_to_a_job(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "ov-live", "running", percent=20, message="step 1/5", task="counting")
    page.goto(f"{app_url}/overview")
    bar = page.get_by_role("list", name="Jobs under way").get_by_role("progressbar", name="Progress of counting")
    expect(bar).to_have_attribute("aria-valuenow", "20")
    link = page.get_by_role("link", name="counting")
    link.focus()
    put(redis, "ov-live", "running", percent=60, message="step 3/5", task="counting")
    expect(bar).to_have_attribute("aria-valuenow", "60")
    # The row is the same one: who was on it with the keyboard still is.
    expect(link).to_be_focused()
    link.press("Enter")
    expect(page.get_by_role("heading", name="counting")).to_be_visible()


def test_the_overview_says_how_old_it_is_while_the_api_is_away(page: Page, redis: Redis, module_redis_url: str) -> None:
    port = free_port()
    put(redis, "ov-away", "running", percent=20, task="staying")
    with streamlit_server(HEADWAY_API_URL=f"http://127.0.0.1:{port}") as app_url:
        with api_server(module_redis_url, port=port):
            page.goto(f"{app_url}/overview")
            expect(page.get_by_role("link", name="staying")).to_be_visible()
        expect(page.get_by_text("what is shown is from then")).to_be_visible()
        expect(page.get_by_role("link", name="staying")).to_be_visible()
        with api_server(module_redis_url, port=port):
            expect(page.get_by_text("what is shown is from then")).to_have_count(0)


def test_the_workers_page_shows_who_is_there(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/workers")
    lease = page.get_by_test_id("glide-cell-0-0")
    expect(lease).to_contain_text("heard")
