"""Buttons in a browser: a real job is paused, goes on and ends, and whoever follows it elsewhere is told unasked."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.fixtures import Stack
from tests.wait import wait_for


class Frames:
    """What a plain socket of one job was sent, in order."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def states(self) -> list[tuple[str, str]]:
        """(status, what is asked for), each change once."""
        said = [(frame["status"], (frame["control"] or {}).get("requested", "")) for frame in self.seen]
        return [now for before, now in zip([None, *said], said, strict=False) if now != before]


@contextmanager
def followed(stack: Stack, job_id: str) -> Iterator[Frames]:
    """Follow a job by `/ws/{id}`, sending nothing."""
    frames = Frames()
    with connect(f"{stack.api_url.replace('http', 'ws', 1)}/ws/{job_id}") as socket:

        def read() -> None:
            try:
                for frame in socket:
                    frames.seen.append(json.loads(frame))
            except ConnectionClosed:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield frames
        finally:
            socket.close()
            reader.join(10)


def main_bar(page: Page) -> Locator:
    return page.get_by_role("progressbar", name=re.compile("^Progress of "))


def fact(page: Page, label: str) -> Locator:
    return page.locator(".fact").filter(has=page.locator("dt", has_text=label)).locator("dd")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_flights_profile_is_paused_on_the_page_goes_on_and_ends(page: Page, app_url: str, stack: Stack) -> None:
    job = stack.client.post("/jobs", json={"task": "profile_table", "params": {"chunk_rows": 400}}).json()
    with followed(stack, job["job_id"]) as frames:
        page.goto(f"{app_url}/job?job={job['job_id']}")
        expect(page.get_by_text("Running", exact=True)).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".badge")).to_have_text("Paused")
        expect(page.get_by_text(re.compile("^Pause asked for by .*, acknowledged at "))).to_be_visible()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)

        stood_at = main_bar(page).get_attribute("aria-valuenow")
        rate = fact(page, "Rate").inner_text()
        expect(fact(page, "Paused for")).to_have_text(re.compile("^[3-9] s$"))
        expect(fact(page, "Paused since")).to_be_visible()
        assert (main_bar(page).get_attribute("aria-valuenow"), fact(page, "Rate").inner_text()) == (stood_at, rate)

        page.get_by_role("button", name="Resume").click()
        expect(page.locator(".badge")).to_have_text("Running")
        expect(page.locator(".badge")).to_have_text("Finished", timeout=120_000)
        expect(page.get_by_test_id("stDataFrame")).to_be_visible()
        expect(page.get_by_role("button", name="Retry")).to_be_visible()
        wait_for(lambda: frames.seen[-1]["status"] == "finished", 10, "the socket has the end too")
    states = frames.states()
    told = [("running", "pause"), ("paused", ""), ("running", "")]
    assert [state for state in states if state in told][-3:] == told, states
    asked = next(frame["control"] for frame in frames.seen if frame["control"])
    assert (asked["requested"], bool(asked["by"]), bool(asked["at"])) == ("pause", True, True)


def test_a_canceled_job_keeps_its_percent_and_is_asked_about_no_more(page: Page, app_url: str, stack: Stack) -> None:
    job = stack.client.post("/jobs", json={"task": "long_task", "params": {"n_steps": 3000, "step_s": 0.01}}).json()
    page.goto(f"{app_url}/job?job={job['job_id']}")
    expect(main_bar(page)).to_have_attribute("aria-valuenow", re.compile("^[1-9]"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Yes, cancel it")).to_be_visible()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_text("This job was canceled. It kept the progress it had reached.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    kept = stack.client.get(f"/status/{job['job_id']}").json()["percent"]
    expect(main_bar(page)).to_have_attribute("aria-valuenow", str(kept))

    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".badge")).to_have_text(re.compile("Queued|Started|Running"))
    expect(fact(page, "Attempt")).to_have_text("2")
    stack.client.post(f"/jobs/{job['job_id']}/cancel")
    expect(page.locator(".badge")).to_have_text("Canceled")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete job").click()
    expect(page.get_by_text(f"Job {job['job_id']} was deleted.")).to_be_visible()
    assert stack.client.get(f"/status/{job['job_id']}").status_code == 404


def test_a_half_filled_form_is_kept_and_submitted_beside_a_job_that_is_paused(
    page: Page, app_url: str, stack: Stack
) -> None:
    waiting = stack.client.post("/jobs", json={"task": "long_task", "params": {}, "queue": "nobody-serves-this"}).json()
    page.goto(f"{app_url}/run?task=profile_table&job={waiting['job_id']}")
    page.get_by_role("textbox", name="Chunk rows").fill("100000")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".badge")).to_have_text("Paused")
    expect(page.get_by_role("textbox", name="Chunk rows")).to_have_value("100000")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("progressbar", name="Progress of profile_table")).to_be_visible()
    (newest,) = stack.client.get("/jobs?limit=1").json()["jobs"]
    assert stack.client.get(f"/jobs/{newest['job_id']}").json()["spec"]["params"]["chunk_rows"] == 100_000
    assert stack.client.get(f"/status/{waiting['job_id']}").json()["status"] == "paused"
