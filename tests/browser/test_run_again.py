"""A job that is over is run again with changes, from its page."""

from playwright.sync_api import Page, expect

from tests.fixtures import Stack


def test_a_job_is_run_again_with_what_it_was_given_and_a_change(page: Page, app_url: str, stack: Stack) -> None:
    given = {"n_steps": 3, "step_s": 0.05}
    job = stack.client.post("/jobs", json={"task": "long_task", "params": given}).json()
    page.goto(f"{app_url}/job?job={job['job_id']}")
    page.get_by_role("button", name="Run again with changes").click()
    expect(page.get_by_text(f"Begins with what job {job['job_id']} was given.")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_value("3")
    seconds = page.get_by_role("textbox", name="Seconds per step")
    expect(seconds).to_have_value("0.05")
    seconds.fill("0.01")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=30_000)
    newest = stack.client.get("/jobs", params={"limit": 1}).json()["jobs"][0]["job_id"]
    assert newest != job["job_id"]
    assert stack.client.get(f"/jobs/{newest}").json()["spec"]["params"] == {"n_steps": 3, "step_s": 0.01}
