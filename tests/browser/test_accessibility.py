"""Each page of the app under axe, in light and in dark, wide and narrow: no serious violation that is ours."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from headway import keys
from tests.browser.axe import axe_script, violations
from tests.wait import wait_for

# What Streamlit itself draws, and no page of ours can change: its grids' canvas, its header.
_NOT_OURS = [f"[data-testid='{part}']" for part in ("stDataFrame", "stHeader", "stFileUploader")]
_BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
_AT = "2026-01-01T12:00:00.000Z"


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    """Write a snapshot as a foreign program does, where the list finds it."""
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))
    redis.zadd(keys.INDEX, {job_id: 1_767_268_800_000})


@pytest.fixture(scope="module")
def script() -> str:
    return axe_script()


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("overview", "Under way"),
        ("run", "Task"),
        ("jobs", "Page 1"),
        ("job?job=ax-run", "step 2/5"),
        ("job?job=ax-failed", "No room"),
        ("job", "A job by its id"),
        ("history", "The last"),
        ("workers", "At work"),
    ],
)
def test_a_page_has_no_serious_violation(
    page: Page, app_url: str, redis: Redis, script: str, path: str, there: str
) -> None:
    put(redis, "ax-run", "running", percent=40, message="step 2/5", task="count", updated_at=_AT)
    put(redis, "ax-failed", "failed", percent=40, error={"type": "OSError", "detail": "No room"}, updated_at=_AT)
    page.goto(f"{app_url}/{path}")
    expect(page.get_by_text(there).first).to_be_visible()
    assert violations(page, script, *_NOT_OURS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page, script, *_NOT_OURS) == []
    bright = page.evaluate(_BACKGROUND)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: page.evaluate(_BACKGROUND) != bright, 10, "the page is dark")
    assert violations(page, script, *_NOT_OURS) == []
