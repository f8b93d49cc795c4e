"""The lesson's React components and the kit's on one live job, in a page that Vite serves from a port of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.fixtures import Stack
from tests.ports import free_port
from tests.react.kit import KIT, need_packages, vite
from tests.servers import process
from tests.wait import wait_for

COMPONENTS = ["lesson JobPoller", "lesson JobLive", "JobPoller", "JobLive"]


@pytest.fixture
def vite_url(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """Vite's own server, which was told where the API is."""
    need_packages()
    url = f"http://127.0.0.1:{free_port()}"
    command = vite("--config", "tests/side-by-side/vite.config.ts", "--port", url.rpartition(":")[2])
    settings = {"VITE_HEADWAY_URL": stack.api_url, "VITE_CACHE": str(tmp_path / "vite")}
    with process(command, settings, cwd=KIT) as (running, log):

        def serves() -> bool:
            assert running.poll() is None, log.read_text()
            try:
                return httpx2.get(url, timeout=5).is_success
            except httpx2.TransportError:
                return False

        wait_for(serves, 30, "Vite serves the page")
        yield url


def test_the_lessons_components_and_ours_show_one_job_side_by_side(page: Page, stack: Stack, vite_url: str) -> None:
    # What Vite has to put together first is put together now.
    page.goto(f"{vite_url}/?job=nobody")
    expect(page.get_by_label("lesson JobLive", exact=True)).to_have_text("Connecting…")
    job_id = stack.client.post("/workflow/run", json={"n_steps": 5}).json()["job_id"]
    page.goto(f"{vite_url}/?job={job_id}")
    shown = [page.get_by_label(name, exact=True) for name in COMPONENTS]
    for component in shown:
        expect(component.get_by_text(re.compile("^running: step [1-4]/5$"))).to_be_visible()
    for component in shown:
        expect(component.get_by_text("finished: complete")).to_be_visible()
        expect(component.get_by_role("progressbar")).to_have_js_property("value", 100)
        expect(component.locator("pre")).to_contain_text('"value": 42')
