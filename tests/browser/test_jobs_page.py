"""The Jobs page in a browser: jobs are found, selected and acted on together, and nothing moves under the pointer."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect
from redis import Redis

from headway import keys
from tests.fixtures import Stack
from tests.wait import wait_for

_ROW_PX = 35


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    """Write a snapshot as a foreign program does."""
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))


def press(page: Page, row: int, x_px: float) -> None:
    """Press into a row of the table, counted from 0, so far from its left edge."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    # Painted on a canvas with its scroller above it.
    page.mouse.click(box["x"] + x_px, box["y"] + _ROW_PX * (row + 1.5))


def rows(page: Page, column: int) -> list[str]:
    cells = page.locator(f"[data-testid^='glide-cell-{column}-']")
    return [text.strip() for text in cells.all_inner_texts()]


def test_waiting_jobs_are_selected_paused_and_resumed_together(page: Page, app_url: str, stack: Stack) -> None:
    for _ in range(3):
        stack.client.post("/jobs", json={"task": "long_task", "params": {"n_steps": 500}, "queue": "nobody"})
    page.goto(f"{app_url}/jobs?queue=nobody")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    press(page, 0, 15)
    expect(page.get_by_text("1 selected")).to_be_visible()
    press(page, 1, 15)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("Pause 2 jobs?")).to_be_visible()
    page.get_by_role("button", name="Yes, pause").click()
    expect(page.get_by_text("Pause asked of 2 jobs.")).to_be_visible()
    states = [job["status"] for job in stack.client.get("/jobs?queue=nobody").json()["jobs"]]
    assert states == ["paused", "paused", "queued"]
    # The selection ended with what was asked; the rows stand where they stood.
    wait_for(lambda: [text[3:] for text in rows(page, 1)] == ["Paused", "Paused", "Queued"], 10, "the table says so")


def test_a_row_stays_selected_while_its_job_moves_and_newer_ones_come(page: Page, app_url: str, redis: Redis) -> None:
    at = "2026-01-01T12:00:0{}.000Z"
    for number in range(3):
        put(redis, f"j-{number}", "running", percent=20, message="step 1/5", owner="bo", updated_at=at.format(number))
        redis.zadd(keys.INDEX, {f"j-{number}": 1_767_268_800_000 + number})
    page.goto(f"{app_url}/jobs?status=Running")
    wait_for(lambda: rows(page, 5) == ["step 1/5"] * 3, 15, "three jobs are shown")
    before = rows(page, 2)
    press(page, 1, 15)
    expect(page.get_by_text("1 selected")).to_be_visible()
    put(redis, before[1], "running", percent=60, message="step 3/5", owner="bo")
    put(redis, "j-new", "running", percent=1)
    redis.zadd(keys.INDEX, {"j-new": 1_767_268_900_000})
    wait_for(lambda: rows(page, 5) == ["step 1/5", "step 3/5", "step 1/5"], 15, "the job's new message is shown")
    show = page.get_by_role("button", name="Show 1 newer job")
    expect(show).to_be_visible()
    assert rows(page, 2) == before
    expect(page.get_by_text("1 selected")).to_be_visible()
    show.click()
    wait_for(lambda: sorted(rows(page, 2)) == ["j-0", "j-1", "j-2", "j-new"], 15, "the newer job is shown")


def test_filters_stand_in_the_address_and_a_reload_keeps_them(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "f-failed", "failed", error={"type": "ValueError", "detail": "no"})
    redis.zadd(keys.INDEX, {"f-failed": 1})
    page.goto(f"{app_url}/jobs")
    page.get_by_role("button", name="Failed").click()
    wait_for(lambda: parse_qs(urlsplit(page.url).query).get("status") == ["Failed"], 15, "the address says so")
    wait_for(lambda: {text[3:] for text in rows(page, 1)} == {"Failed"}, 15, "only failed jobs are shown")
    page.reload()
    wait_for(lambda: {text[3:] for text in rows(page, 1)} == {"Failed"}, 15, "only failed jobs are shown again")
    page.get_by_label("Owner").fill("nobody")
    page.get_by_label("Owner").press("Enter")
    expect(page.get_by_text("No job matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    wait_for(lambda: urlsplit(page.url).query == "", 15, "the address is clean again")


def test_a_row_leads_to_the_page_of_its_job(page: Page, app_url: str, redis: Redis) -> None:
    put(redis, "o-job", "finished", percent=100, task="opened")
    redis.zadd(keys.INDEX, {"o-job": 1})
    page.goto(f"{app_url}/jobs?of_task=opened")
    wait_for(lambda: rows(page, 2) == ["o-job"], 15, "the job is shown")
    press(page, 0, 155)
    expect(page.get_by_role("progressbar", name="Progress of opened")).to_be_visible()
    assert urlsplit(page.url).path.endswith("/job")
    assert parse_qs(urlsplit(page.url).query) == {"job": ["o-job"]}
