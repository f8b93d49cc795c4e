"""The lesson's React components, in a page that comes from another port than the API."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.react_library import react_module
from tests.browser.site import site
from tests.fixtures import Stack
from tests.servers import ROOT

LESSON_HOST = "localhost:8000"
#: Keeps every value that a progress bar is given, by the component that it is in.
WATCH_BARS = """
window.bars = { poller: [], live: [] };
new MutationObserver(() => {
  for (const [id, values] of Object.entries(window.bars)) {
    const bar = document.querySelector(`#${id} progress`);
    if (bar && values.at(-1) !== bar.value) values.push(bar.value);
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


@pytest.fixture
def lesson_url(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The lesson's components with nothing changed but the API's address, on a server of their own."""
    for source in (ROOT / "tests" / "lesson" / "react").iterdir():
        shutil.copy(source, tmp_path)
        copy = tmp_path / source.name
        copy.write_text(copy.read_text().replace(LESSON_HOST, stack.api_url.removeprefix("http://")))
    (tmp_path / "react.js").write_text(react_module())
    with site(tmp_path) as url:
        yield url


def test_polling_and_live_components_show_a_job_from_its_middle_to_its_end(
    page: Page, stack: Stack, lesson_url: str
) -> None:
    job_id = stack.client.post("/workflow/run", json={"n_steps": 4}).json()["job_id"]
    page.add_init_script(WATCH_BARS)
    page.goto(f"{lesson_url}/?job={job_id}")
    poller, live = page.get_by_label("JobPoller"), page.get_by_label("JobLive")
    for component in (poller, live):
        expect(component.get_by_text(f"Job: {job_id}")).to_be_visible()
        expect(component.get_by_text(re.compile("^running: step [1-3]/4$"))).to_be_visible()
    for component in (poller, live):
        expect(component.get_by_text("finished: complete")).to_be_visible()
        expect(component.get_by_role("progressbar")).to_have_js_property("value", 100)
        assert json.loads(component.locator("pre").inner_text()) == {"msg": "done", "value": 42}

    bars = page.evaluate("window.bars")
    for values in bars.values():
        assert values == sorted(values)
        assert {25, 50, 75} & set(values)
        assert values[-1] == 100
