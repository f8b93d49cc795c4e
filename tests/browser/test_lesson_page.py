"""The lesson's Streamlit page, with nothing changed but the API's address."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.apps.streamlit_server import streamlit_server
from tests.fixtures import Stack
from tests.servers import ROOT

LESSON_PAGE = ROOT / "tests" / "lesson" / "streamlit_page.py"
LESSON_API = "http://localhost:8000"


def test_the_lessons_page_runs_to_completed(page: Page, stack: Stack, tmp_path: Path) -> None:
    script = tmp_path / "streamlit_app.py"
    script.write_text(LESSON_PAGE.read_text().replace(LESSON_API, stack.api_url))
    with streamlit_server(script) as url:
        page.goto(url)
        page.get_by_role("button", name="Run job").click()
        expect(page.get_by_text(re.compile("running: step [1-4]/5"))).to_be_visible()
        # Streamlit makes the check mark in front of it the banner's icon.
        expect(page.get_by_text("Completed", exact=True)).to_be_visible(timeout=30_000)
        expect(page.get_by_text("finished: complete")).to_be_visible()
