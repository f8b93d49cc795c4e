"""The React kit in a real browser, in a page that comes from another port than the API."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from redis import Redis

from headway import keys
from tests.benchmarks import page as busy
from tests.browser.site import site
from tests.fixtures import Stack
from tests.ports import free_port
from tests.react.kit import build_page, need_packages
from tests.servers import api_server


@pytest.fixture(scope="module")
def kit_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with the kit's components."""
    need_packages()
    folder: Path = tmp_path_factory.mktemp("kit")
    build_page("tests/page/vite.config.ts", folder)
    with site(folder) as url:
        yield url


def test_polling_and_live_components_show_a_job_from_its_middle_to_its_end(
    page: Page, stack: Stack, kit_url: str
) -> None:
    job_id = stack.client.post("/workflow/run", json={"n_steps": 4}).json()["job_id"]
    page.goto(f"{kit_url}/?api={stack.api_url}&job={job_id}")
    poller, live = page.get_by_label("JobPoller"), page.get_by_label("JobLive")
    for component in (poller, live):
        expect(component.get_by_text(f"Job: {job_id}")).to_be_visible()
        expect(component.get_by_text(re.compile("^running: step [1-3]/4$"))).to_be_visible()
    for component in (poller, live):
        expect(component.get_by_text("finished: complete")).to_be_visible()
        expect(component.get_by_role("progressbar")).to_have_js_property("value", 100)
        assert json.loads(component.locator("pre").inner_text()) == {"msg": "done", "value": 42}
    page.reload()
    expect(live.get_by_text("finished: complete")).to_be_visible()


def test_a_socket_that_is_cut_and_then_refused_costs_no_snapshot_and_is_found_again(
    page: Page, redis: Redis, stack: Stack, kit_url: str
) -> None:
    sockets: list[WebSocketRoute] = []
    refusing = False

    def route(socket: WebSocketRoute) -> None:
        if refusing:
            socket.close(code=1011, reason="refused")
        else:
            socket.connect_to_server()
            sockets.append(socket)

    def put(percent: int) -> None:
        snapshot = {"job_id": "k-cut", "status": "running", "percent": percent}
        redis.set(keys.snapshot("k-cut"), json.dumps(snapshot))
        redis.publish(keys.updates("k-cut"), json.dumps(snapshot))

    page.route_web_socket(re.compile("/ws$"), route)
    put(20)
    page.goto(f"{kit_url}/?api={stack.api_url}&job=k-cut")
    job = page.get_by_label("JobLive").locator("[data-headway=job]")
    bar = job.get_by_role("progressbar")
    expect(job).to_have_attribute("data-connection", "live")
    refusing = True
    sockets[0].close(code=1011, reason="cut")
    expect(job).to_have_attribute("data-connection", "polling")
    for percent in (40, 60):
        put(percent)
        expect(bar).to_have_js_property("value", percent)
    expect(job.get_by_text("The API has not answered for")).to_have_count(0)
    refusing = False
    expect(job).to_have_attribute("data-connection", "live")
    put(80)
    expect(bar).to_have_js_property("value", 80)


def test_a_page_keeps_what_it_knew_while_the_api_is_away_and_recovers_by_itself(
    page: Page, redis: Redis, module_redis_url: str, kit_url: str
) -> None:
    port = free_port()
    address = f"{kit_url}/?api=http://127.0.0.1:{port}&job=k-lost"
    redis.set(keys.snapshot("k-lost"), json.dumps({"job_id": "k-lost", "status": "running", "percent": 20}))
    live = page.get_by_label("JobLive")
    with api_server(module_redis_url, port=port):
        page.goto(address)
        expect(live.get_by_role("progressbar")).to_have_js_property("value", 20)
    expect(live.get_by_text("The API has not answered for")).to_be_visible()
    expect(live.locator("[data-headway=job]")).to_have_css("filter", "grayscale(1)")
    expect(live.get_by_role("progressbar")).to_have_js_property("value", 20)
    redis.set(keys.snapshot("k-lost"), json.dumps({"job_id": "k-lost", "status": "running", "percent": 60}))
    with api_server(module_redis_url, port=port):
        expect(live.get_by_role("progressbar")).to_have_js_property("value", 60)
        expect(live.get_by_text("The API has not answered for")).to_have_count(0)


def test_a_hundred_busy_jobs_are_all_shown_to_their_last_write_and_leave_the_browser_time(
    chromium: Browser, module_redis_url: str, kit_url: str
) -> None:
    measured = busy.run(module_redis_url, chromium, kit_url, jobs=100, seconds=2)
    # A loose bound: how much it is, `make bench ONLY=page` says.
    assert 0 < measured["page-cpu"] < 90
