"""The app in a browser: a job is seen from its submit to its end, and text stays text."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from redis import Redis

from headway import keys
from tests.fixtures import Stack
from tests.wait import wait_for

BOLD_SCRIPT = "**x** <script>document.title = 'hacked'</script> :red[hi] [a](http://b) $y$"


def main_bar(page: Page) -> Locator:
    return page.get_by_role("progressbar", name=re.compile("^Progress of "))


def percent_of(page: Page) -> int:
    return int(main_bar(page).get_attribute("aria-valuenow") or 0)


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    """Write a snapshot as a foreign program does."""
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_flights_profile_is_seen_moving_to_its_end_over_a_reload(page: Page, app_url: str, stack: Stack) -> None:
    page.goto(app_url)
    page.get_by_role("combobox", name="Task").click()
    page.get_by_role("option", name="profile_table").click()
    page.get_by_role("textbox", name="Chunk rows").fill("100")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Running", exact=True)).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_role("combobox", name="Task")).to_have_value("profile_table")
    expect(page.get_by_role("progressbar", name="Progress of profile_table")).to_be_visible()
    link = page.locator("code", has_text="job?job=").inner_text()

    page.goto(link)
    wait_for(lambda: percent_of(page) >= 30, 60, "the bar passes 30 %")
    before = percent_of(page)
    page.reload()
    expect(main_bar(page)).to_be_visible()
    assert before <= percent_of(page) < 100

    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=120_000)
    assert percent_of(page) == 100
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    snapshot = stack.client.get(f"/status/{link.rpartition('=')[2]}").json()
    # All of the flights, in real work that lasts long enough to be watched.
    assert snapshot["n"] == 336_776
    assert snapshot["elapsed_s"] >= 10


def test_a_failed_job_shows_a_red_banner_with_what_went_wrong(page: Page, app_url: str, stack: Stack) -> None:
    job = stack.client.post("/jobs", json={"task": "profile_table", "params": {"path": "/etc/shadow"}}).json()
    page.goto(f"{app_url}/job?job={job['job_id']}")
    expect(page.get_by_text("profile_table failed: PathNotAllowed", exact=True)).to_be_visible()
    banner = page.get_by_role("alert").filter(has_text="HEADWAY_DATA_ROOTS")
    red, green, blue = map(int, re.findall(r"\d+", banner.evaluate("banner => getComputedStyle(banner).color"))[:3])
    assert red > 2 * max(green, blue)


def test_text_from_a_job_is_shown_as_text(page: Page, app_url: str, redis: Redis) -> None:
    error = {"type": BOLD_SCRIPT, "detail": BOLD_SCRIPT}
    put(redis, "b-text", "failed", message=BOLD_SCRIPT, task=BOLD_SCRIPT, error=error)
    page.goto(f"{app_url}/job?job=b-text")
    expect(page.get_by_text(BOLD_SCRIPT, exact=True)).to_have_count(3)
    expect(page.get_by_text(f"{BOLD_SCRIPT} failed: {BOLD_SCRIPT}", exact=True)).to_be_visible()
    assert page.title() != "hacked"


def test_a_job_that_changes_is_redrawn_and_then_left_alone(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "b-live", "running", percent=20, message="step 1/5")
    page.goto(f"{app_url}/job?job=b-live")
    expect(main_bar(page)).to_have_attribute("aria-valuenow", "20")
    expect(page).to_have_title("20 % b-live · headway")
    put(redis, "b-live", "running", percent=40, message="step 2/5")
    expect(page.get_by_text("step 2/5", exact=True)).to_be_visible()
    expect(page).to_have_title("40 % b-live · headway")
    put(redis, "b-live", "finished", percent=100, message="complete", result={"value": 42})
    expect(page.get_by_text("Result", exact=True)).to_be_visible()
    expect(page).to_have_title("✓ b-live · headway")
    # An ended job is asked for no more: what is written after its end stays unseen.
    put(redis, "b-live", "running", percent=10, message="started again")
    page.wait_for_timeout(2_500)
    expect(page).to_have_title("✓ b-live · headway")
    expect(page.get_by_text("complete", exact=True)).to_be_visible()


def test_an_unknown_total_is_an_indeterminate_bar(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "b-unknown", "running", n=120, unit="rows", message="counting")
    page.goto(f"{app_url}/job?job=b-unknown")
    expect(main_bar(page)).to_be_visible()
    assert main_bar(page).get_attribute("aria-valuenow") is None


@pytest.mark.parametrize("width_px", [1400, 700])
@pytest.mark.parametrize("more", [{}, {"rate": 2.5}, {"rate": 2.5, "paused_s": 4}])
def test_no_fact_stands_alone_in_a_row(
    page: Page, app_url: str, redis: Redis, width_px: int, more: dict[str, float]
) -> None:
    page.set_viewport_size({"width": width_px, "height": 900})
    at = "2020-02-15T12:00:00Z"
    known = {"n": 3, "total": 7, "elapsed_s": 9, "worker": "w-1", "created_at": at, "started_at": at}
    put(redis, "b-facts", "running", percent=40, **known, **more)
    page.goto(f"{app_url}/job?job=b-facts")
    facts = page.locator(".fact")
    expect(facts).to_have_count(7 + len(more))
    tops = facts.evaluate_all("facts => facts.map(fact => Math.round(fact.getBoundingClientRect().top))")
    assert min(tops.count(top) for top in tops) > 1, tops


def test_a_job_submitted_later_appears_by_itself(page: Page, app_url: str, redis: Redis) -> None:
    page.goto(f"{app_url}/job?job=b-later")
    expect(page.get_by_text("No job with the id b-later is known.")).to_be_visible()
    put(redis, "b-later", "running", percent=60)
    expect(main_bar(page)).to_have_attribute("aria-valuenow", "60")


@pytest.mark.parametrize(
    ("entry", "said"),
    [("-5", "Must be at least 100."), ("1e30", "Must be at most 1000000."), ("", "This field is required.")],
)
def test_a_wrong_number_is_refused_in_place_of_the_job_before(
    page: Page, app_url: str, redis: Redis, entry: str, said: str
) -> None:
    put(redis, "b-before", "running", percent=40)
    page.goto(f"{app_url}/run?task=profile_table&job=b-before")
    expect(main_bar(page)).to_be_visible()
    page.get_by_role("textbox", name="Chunk rows").fill(entry)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("Not submitted: 1 field needs a look.")).to_be_visible()
    expect(main_bar(page)).to_have_count(0)


def test_a_recent_job_is_one_click_away(page: Page, app_url: str, redis: Redis, stack: Stack) -> None:
    put(redis, "b-listed", "running", percent=40, message=BOLD_SCRIPT, task=BOLD_SCRIPT)
    # Adopted before it is put first: otherwise the list would meet it at both places.
    stack.client.get("/status/b-listed")
    redis.zadd(keys.INDEX, {"b-listed": 4e12})
    page.goto(f"{app_url}/job")
    row = page.get_by_role("list", name="Recent jobs").get_by_role("link").filter(has_text="b-listed")
    expect(row).to_contain_text(f"Running{BOLD_SCRIPT}b-listed{BOLD_SCRIPT}40 %")
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    put(redis, "b-listed", "running", percent=50, message="further")
    expect(row).to_contain_text("further")
    row.click()
    page.wait_for_url(f"{app_url}/job?job=b-listed")
    expect(main_bar(page)).to_have_attribute("aria-valuenow", "50")
    redis.zrem(keys.INDEX, "b-listed")


def test_the_list_has_a_badge_of_its_own_colour_for_paused_and_canceled_jobs(
    page: Page, app_url: str, redis: Redis, stack: Stack
) -> None:
    def colour(job_id: str, word: str) -> tuple[int, int, int]:
        row = page.get_by_role("list", name="Recent jobs").get_by_role("link").filter(has_text=job_id)
        badge = row.get_by_text(word, exact=True)
        expect(badge).to_be_visible()
        red, green, blue = map(int, re.findall(r"\d+", badge.evaluate("badge => getComputedStyle(badge).color"))[:3])
        return red, green, blue

    for place, (job_id, status) in enumerate([("b-still", "paused"), ("b-left", "canceled")]):
        put(redis, job_id, status, percent=40)
        stack.client.get(f"/status/{job_id}")
        redis.zadd(keys.INDEX, {job_id: 4e12 + place})
    page.goto(f"{app_url}/job")
    red, _, blue = colour("b-still", "Paused")
    assert red > 2 * blue
    grey = colour("b-left", "Canceled")
    assert max(grey) - min(grey) < 60
    redis.zrem(keys.INDEX, "b-still", "b-left")


def test_the_link_to_a_job_can_be_followed(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "b-link", "running", percent=40)
    page.goto(f"{app_url}/run?job=b-link")
    expect(page.get_by_role("link", name="Open")).to_have_attribute("href", f"{app_url}/job?job=b-link")
    expect(page.locator("code", has_text="job?job=b-link")).to_be_visible()


def test_a_time_of_another_day_has_its_date(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "b-old", "running", percent=40, created_at="2020-02-15T12:00:00Z")
    page.goto(f"{app_url}/job?job=b-old")
    expect(page.get_by_text(re.compile("15 Feb 2020, [0-9:]+$"))).to_be_visible()


def test_the_address_keeps_over_which_time_history_goes(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/history")
    # Nobody records history here, which the page says without losing its filters.
    expect(page.get_by_text("History cannot be read now")).to_be_visible()
    chosen = page.get_by_role("combobox", name="The last")
    chosen.click()
    page.get_by_role("option", name="30 days").click()
    expect(page).to_have_url(re.compile("last=30"))
    page.reload()
    expect(chosen).to_have_value("30 days")


@pytest.mark.parametrize("width_px", [1400, 700])
def test_a_submitted_job_is_seen_without_scrolling(page: Page, app_url: str, width_px: int) -> None:
    page.set_viewport_size({"width": width_px, "height": 900})
    page.goto(f"{app_url}/run?task=bootstrap_delays")
    page.get_by_role("textbox", name="Resamples").fill("100")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(main_bar(page)).to_be_visible()
    expect(page.get_by_role("article")).to_be_in_viewport(ratio=0.99)
    # While Streamlit draws anew, what it has drawn before may stand beside it.
    expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_in_viewport()


@pytest.mark.timeout(120)
def test_a_double_click_submits_once(page: Page, app_url: str, redis: Redis) -> None:
    page.goto(app_url)
    page.get_by_role("combobox", name="Task").click()
    page.get_by_role("option", name="long_task").click()
    before = redis.zcard(keys.INDEX)
    expect(page.get_by_role("slider")).to_be_visible()
    # The second click is for the button that the first one met, however long the machine takes to answer that.
    page.get_by_role("button", name="Run", exact=True).evaluate(
        "button => { button.click(); return new Promise(done => setTimeout(() => { button.click(); done() }, 300)) }"
    )
    # It may wait behind the jobs that the tests before it have left.
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=90_000)
    assert redis.zcard(keys.INDEX) == before + 1


def test_every_page_has_an_address_and_loads_nothing_from_elsewhere(page: Page, app_url: str) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if app_url not in request.url else None)
    page.goto(app_url)
    page.wait_for_url(f"{app_url}/run")
    for path, title in (("run", "Run"), ("job", "Job")):
        page.goto(f"{app_url}/{path}")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page).to_have_title(f"{title} · headway")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert [url for url in elsewhere if url.startswith("http")] == []
