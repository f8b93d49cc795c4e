"""A job's log and charts in a browser: they follow the job, and let who looks at them look."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from headway.logs import LogBuffer
from headway.settings import Settings
from tests.history.desk import Desk
from tests.wait import wait_for

_BEGIN_MS = 1_767_268_800_000
_LOG = "document.querySelector('.st-key-job-log')"
# A wheel moves it by and by, and the page takes note of it after that.
_RESTS = f"new Promise(done => {{ const at = {_LOG}.scrollTop; setTimeout(() => done({_LOG}.scrollTop === at), 500) }})"
_CHART = "document.querySelector('.js-plotly-plot')"


@pytest.fixture
def desk(module_redis_url: str, redis: Redis) -> Iterator[Desk]:
    with closing(Desk(Settings(redis_url=module_redis_url), redis)) as desk:
        yield desk


def log(desk: Desk, job_id: str, *lines: str) -> None:
    buffer = LogBuffer(job_id, 1, desk.store.calls)
    for line in lines:
        buffer.add(line)
    call = buffer.take()
    assert call is not None
    desk.store.run(call)


def measure(desk: Desk, job_id: str, n: int, *values: float) -> None:
    """Report with these values of the loss, a second apart, ten seconds after the last report's."""
    points = [[_BEGIN_MS + 10_000 * n + 1_000 * i, "loss", value] for i, value in enumerate(values)]
    desk.report(job_id, n, metrics={"loss": values[-1]}, extra=json.dumps({"points": points, "points_dropped": 0}))


def values(page: Page) -> int:
    """How many values the chart shows."""
    found: int = page.evaluate(f"{_CHART}?.data?.[0].y.length ?? 0")
    return found


def span(page: Page) -> list[str]:
    """From when to when the chart goes."""
    found: list[str] = page.evaluate(f"{_CHART}?._fullLayout?.xaxis?.range ?? ['', '']")
    return found


def drag_over_chart(page: Page) -> None:
    """Choose the middle of the chart."""
    plot = page.locator(".nsewdrag")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()


def looks_closer(page: Page) -> bool:
    """Choose the middle of the chart; false if the page moved under the pointer."""
    drag_over_chart(page)
    back = page.get_by_role("button", name="Show all of the time")
    with suppress(AssertionError):
        expect(back).to_be_visible(timeout=3_000)
    return back.is_visible()


def left_below(page: Page) -> float:
    """How many pixels of the log lie below what is in sight."""
    found: float = page.evaluate(f"{_LOG}.scrollHeight - {_LOG}.scrollTop - {_LOG}.clientHeight")
    return found


def test_log_and_charts_follow_a_job_to_its_failure(page: Page, app_url: str, desk: Desk) -> None:
    job_id = desk.create()
    desk.start(job_id)
    log(desk, job_id, *(f"line {n} <b>as it is</b>" for n in range(60)))
    measure(desk, job_id, 1, 3.0, 2.0, 1.5)
    page.goto(f"{app_url}/job?job={job_id}")
    whole = page.locator(".st-key-job-log")
    whole.scroll_into_view_if_needed()
    expect(whole.get_by_text("line 59 <b>as it is</b>")).to_be_in_viewport()
    wait_for(lambda: values(page) == 3, 20, "the chart is drawn")

    wait_for(lambda: looks_closer(page), 60, "a span is chosen")
    wait_for(lambda: "2026-01-01 12:00:10" < span(page)[0] < span(page)[1] < "2026-01-01 12:00:12", 20, "it is closer")
    chosen = span(page)
    log(desk, job_id, "the newest line")
    measure(desk, job_id, 2, 1.2, 1.0)
    wait_for(lambda: values(page) == 5, 20, "the chart has grown")
    assert span(page) == chosen
    page.get_by_role("button", name="Show all of the time").click()
    wait_for(lambda: span(page)[1] > "2026-01-01 12:00:20", 20, "all of the time is shown")
    whole.scroll_into_view_if_needed()
    expect(whole.get_by_text("the newest line")).to_be_in_viewport()

    whole.hover()
    page.mouse.wheel(0, -400)
    wait_for(lambda: left_below(page) > 100 and page.evaluate(_RESTS), 20, "the log is scrolled up")
    before = page.evaluate(f"{_LOG}.scrollTop")
    log(desk, job_id, "a line below")
    expect(page.get_by_text("62 lines.")).to_be_visible()
    assert page.evaluate(f"{_LOG}.scrollTop") == before

    log(desk, job_id, "the last line")
    desk.fail(job_id)
    expect(page.get_by_text("The end of its log")).to_be_visible()
    expect(page.get_by_text("the last line")).to_have_count(2)
    expect(page.get_by_text("63 lines.")).to_be_visible()
