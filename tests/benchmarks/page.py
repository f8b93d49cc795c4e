"""What a React page with a hundred busy jobs costs its browser."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode

from playwright.sync_api import Browser, CDPSession, expect, sync_playwright

from tests.benchmarks import writing
from tests.benchmarks.child import Child, in_child
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, alone
from tests.browser.conftest import FLAGS
from tests.browser.site import site
from tests.needs import need_program
from tests.react.kit import build_page
from tests.servers import api_server

JOBS = 100
PER_S = 10.0
SECONDS = 5.0

# Counted from when it is called; what the page does to be there is not what is measured.
_COUNT_LONG_TASKS = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ type: "longtask" });
}"""


def busy_page(rounds: int) -> list[Figure]:
    """The share of a core that the page takes, and its longest task, while each job changes ten times a second."""
    with tempfile.TemporaryDirectory() as folder:
        build_page("tests/page/vite.config.ts", Path(folder))
        with private_redis() as redis_url, chromium() as browser, site(Path(folder)) as url:
            values = alone(lambda: run(redis_url, browser, url, JOBS, SECONDS), min(rounds, 3))
    return [
        absolute("page-cpu", "% of a core", values["page-cpu"], at_most(30)),
        absolute("page-longest", "ms", values["page-longest"], at_most(50)),
    ]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of our own."""
    path = need_program("chromium", "chromium-browser", "google-chrome")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def run(redis_url: str, browser: Browser, url: str, jobs: int, seconds: float) -> Measured:
    """Show so many jobs in a list while they are written, until the last write of each is shown.

    `page-longest` is 0 where no task took 50 ms: browsers tell of no shorter ones.
    """
    job_ids = in_child(writing.create_jobs, redis_url=redis_url, count=jobs)
    with tempfile.TemporaryDirectory() as folder, api_server(redis_url, HEADWAY_DATA_DIR=folder) as api:
        page = browser.new_page()
        page.goto(f"{url}/?{urlencode({'api': api.url, 'job': job_ids}, doseq=True)}")
        rows = page.get_by_label("Jobs").get_by_role("listitem")
        expect(rows.filter(has_text="queued")).to_have_count(jobs)
        session = browser.new_browser_cdp_session()
        with Child(writing.write, redis_url=redis_url, job_ids=job_ids, per_s=PER_S, seconds=seconds) as writes:
            expect(rows.filter(has_text="t=")).to_have_count(jobs)
            page.evaluate(_COUNT_LONG_TASKS)
            before_s, began_s = _renderer_s(session), monotonic()
            writes.result()
            took_s, used_s = monotonic() - began_s, _renderer_s(session) - before_s
        expect(rows.filter(has_text=writing.LAST)).to_have_count(jobs)
        longest_ms = page.evaluate("window.longest")
        page.close()
    return {"page-cpu": 100 * used_s / took_s, "page-longest": longest_ms}


def _renderer_s(session: CDPSession) -> float:
    """Seconds of processor time that the browser's pages have taken, all threads of theirs together."""
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(process["cpuTime"] for process in found if process["type"] == "renderer"))
