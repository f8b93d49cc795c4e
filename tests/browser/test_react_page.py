"""The React page that the API serves: run a task, watch it, share it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from headway import keys
from tests.browser.axe import axe_script, violations
from tests.fixtures import Stack
from tests.servers import api_server, worker_process

# The first test also waits for the page to be built and for the servers.
pytestmark = pytest.mark.timeout(180)

#: Keeps what each bar is given, and what stands there before it.
WATCH = """
window.shown = [];
new MutationObserver(() => {
  const bar = document.querySelector("progress");
  const now = bar ? bar.value : document.querySelector("[data-part=loading]")?.textContent;
  if (now !== undefined && window.shown.at(-1) !== now) window.shown.push(now);
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


@pytest.fixture(scope="module")
def served(module_redis_url: str, react_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An API that serves the page, and a worker."""
    settings = {"HEADWAY_REACT_DIR": str(react_page), "HEADWAY_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    with (
        api_server(module_redis_url, **settings) as api,
        worker_process(module_redis_url, **settings),
        httpx2.Client(base_url=api.url, timeout=10) as client,
    ):
        yield Stack(api, module_redis_url, client)


@pytest.fixture(autouse=True)
def _nothing_is_refused(page: Page) -> Iterator[None]:
    """What the content security policy refuses is said on the console."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield
    assert [text for text in said if "Content Security Policy" in text] == []


def put(redis: Redis, job_id: str, **fields: object) -> None:
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": "running", **fields}))


def test_a_task_is_run_from_its_form_watched_and_found_among_the_recent_jobs(page: Page, served: Stack) -> None:
    page.goto(f"{served.api_url}/ui")
    page.get_by_label("Task", exact=True).select_option("long_task")
    page.get_by_label("Steps", exact=True).fill("2")
    page.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(r"/ui/jobs/[\w-]+$"))
    job_id = page.url.rpartition("/")[2]
    expect(page.get_by_role("heading", name="long_task")).to_be_visible()
    expect(page.get_by_label("Link to this job")).to_have_value(page.url)
    expect(page.get_by_text("finished: complete")).to_be_visible()
    expect(page).to_have_title(f"✓ {job_id} · headway")
    page.get_by_role("link", name="headway").click()
    row = page.get_by_role("listitem").filter(has_text=job_id)
    expect(row).to_contain_text("finished: complete")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/ui/jobs/{job_id}$"))
    page.go_back()
    expect(page.get_by_role("heading", name="Recent jobs")).to_be_visible()


def test_a_form_says_at_its_field_what_is_wrong(page: Page, served: Stack) -> None:
    page.goto(f"{served.api_url}/ui/")
    page.get_by_label("Task", exact=True).select_option("long_task")
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("many")
    page.get_by_role("button", name="Run").click()
    expect(steps).to_have_attribute("aria-invalid", "true")
    expect(steps).to_have_accessible_description(re.compile("'many' is not of type 'integer'"))


def test_a_file_is_uploaded_and_the_table_made_of_it_is_shown(page: Page, served: Stack, tmp_path: Path) -> None:
    (tmp_path / "fruit.csv").write_text("fruit,weight\napple,1.5\npear,2\n")
    page.goto(f"{served.api_url}/ui/")
    page.get_by_label("Task", exact=True).select_option("profile_table")
    page.get_by_label("Table", exact=True).set_input_files(tmp_path / "fruit.csv")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("row").filter(has_text="weight")).to_be_visible()


@pytest.mark.parametrize(
    ("job_id", "fields", "percent"),
    [
        ("p-half", {"percent": 60, "message": "step 3/5"}, 60),
        ("p-over", {"status": "finished", "percent": 100, "message": "complete", "result": 42}, 100),
    ],
)
def test_a_shared_link_and_a_reload_show_the_last_snapshot_and_nothing_less_before_it(
    page: Page, served: Stack, redis: Redis, job_id: str, fields: dict[str, object], percent: int
) -> None:
    put(redis, job_id, **fields)
    page.add_init_script(WATCH)
    for visit in (lambda: page.goto(f"{served.api_url}/ui/jobs/{job_id}"), page.reload):
        visit()
        expect(page.get_by_text(str(fields["message"]))).to_be_visible()
        assert page.evaluate("window.shown") in (["Connecting…", percent], [percent])


def test_a_link_to_a_job_that_nobody_knows_says_so(page: Page, served: Stack) -> None:
    page.goto(f"{served.api_url}/ui/jobs/nobody")
    expect(page.get_by_role("alert")).to_have_text("Job nobody: job not found")


def test_it_fits_a_phone(page: Page, served: Stack, redis: Redis) -> None:
    put(redis, "p-" + "w" * 60, percent=10, message="w" * 500)
    page.set_viewport_size({"width": 360, "height": 700})
    for address in ("/ui/", f"/ui/jobs/p-{'w' * 60}"):
        page.goto(served.api_url + address)
        expect(page.get_by_role("progressbar").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_jobs_say_is_text_and_nothing_else(page: Page, served: Stack, redis: Redis) -> None:
    script = "<img src=x onerror='document.title=1'><script>document.title=1</script>"
    bars = [{"id": n, "parent": None, "desc": script, "n": 1, "total": 2, "unit": script} for n in range(2)]
    table = {"type": "table", "columns": [script], "rows": [[script]]}
    put(redis, "p-run", task=script, message=script, percent=40, n=1, total=2, unit=script, bars=bars)
    put(redis, "p-fail", status="failed", message=script, error={"type": script, "detail": script})
    put(redis, "p-table", status="finished", result=table)
    put(redis, "p-json", status="finished", result={"html": script})
    for job_id, places in (
        ("p-run", ["h1", "[data-part=line]", "[data-part=facts]", "[data-part=bar-name]"]),
        ("p-fail", ["[data-part=error] strong", "[data-part=error] span"]),
        ("p-table", ["th", "td"]),
        ("p-json", ["[data-part=result]"]),
    ):
        page.goto(f"{served.api_url}/ui/jobs/{job_id}")
        for place in places:
            expect(page.locator(place).first).to_contain_text(script)
        expect(page.locator("img, main script")).to_have_count(0)
        expect(page).to_have_title(re.compile(f"{job_id} · headway$"))


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_has_a_serious_violation_of_what_everybody_can_use(
    page: Page, served: Stack, redis: Redis, colours: Literal["light", "dark"]
) -> None:
    axe = axe_script()
    put(redis, "p-axe-run", percent=40, message="step 2/5", n=2, total=5)
    put(redis, "p-axe-fail", status="failed", percent=40, error={"type": "OSError", "detail": "No room"})
    page.emulate_media(color_scheme=colours)
    redis.zadd(keys.INDEX, {"p-axe-run": 4e12, "p-axe-fail": 4e12})
    try:
        for address, there in (
            ("", "p-axe-run"),
            ("jobs/p-axe-run", "running: step 2/5"),
            ("jobs/p-axe-fail", "No room"),
        ):
            page.goto(f"{served.api_url}/ui/{address}")
            expect(page.get_by_text(there).first).to_be_visible()
            assert violations(page, axe) == []
    finally:
        redis.zrem(keys.INDEX, "p-axe-run", "p-axe-fail")
