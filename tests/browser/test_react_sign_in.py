"""The React page where everybody has to show a token: signing in and out, and a token that ends during a watch."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headway.access import tokens
from headway.access.roles import Role
from headway.access.tokens import Token
from headway.settings import Settings
from headway.store import Store
from tests.api.watching import WrittenJob
from tests.browser.axe import axe_script, violations
from tests.servers import api_server

# The first test also waits for the page to be built and for the servers.
pytestmark = pytest.mark.timeout(180)

KEPT = "sessionStorage.length + localStorage.length + document.cookie.length"


@dataclass(frozen=True)
class House:
    """An API that serves the page and asks for tokens."""

    url: str
    store: Store

    def token(self, role: Role = "operator") -> tuple[Token, str]:
        """Ann's, for all jobs that are hers."""
        made, text = tokens.mint(role, owner="ann", name=None, expires_at=None)
        self.store.run(tokens.save(made))
        return made, text

    def job(self) -> WrittenJob:
        """One of Ann's, half-way."""
        job = WrittenJob(self.store, owner="ann")
        job.start()
        job.write(status="running", percent=40, message="step 2/5")
        return job


@pytest.fixture(scope="module")
def house(module_redis_url: str, react_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    env = {
        "HEADWAY_AUTH": "required",
        "HEADWAY_REACT_DIR": str(react_page),
        "HEADWAY_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    with (
        closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store,
        api_server(module_redis_url, **env) as api,
    ):
        yield House(api.url, store)


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_a_shared_link_asks_for_a_token_shows_its_job_live_and_stays_signed_in_on_a_reload(
    page: Page, house: House
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    (_, token), job = house.token(), house.job()
    page.goto(f"{house.url}/ui/jobs/{job.id}")
    expect(page.get_by_role("heading", name="Sign in to headway")).to_be_visible()
    expect(page).to_have_title("Sign in · headway")
    sign_in(page, token)
    shown = page.locator("[data-headway=job]")
    expect(shown).to_have_attribute("data-connection", "live")
    job.write(percent=60, message="step 3/5")
    expect(shown.get_by_text("running: step 3/5")).to_be_visible()
    expect(page.get_by_text("ann · operator")).to_be_visible()
    page.reload()
    expect(shown.get_by_text("running: step 3/5")).to_be_visible()
    expect(page).to_have_url(f"{house.url}/ui/jobs/{job.id}")
    assert any(url.startswith("ws") for url in asked)
    assert not [url for url in asked if token in url]


def test_what_is_no_good_token_is_refused_with_a_sentence_and_another_one_may_be_tried(
    page: Page, house: House
) -> None:
    page.goto(f"{house.url}/ui/")
    made, revoked = house.token()
    house.store.run(tokens.revoke(made.token_id))
    for wrong, said in (
        ("not a token", "This is no token of headway's."),
        ("hello", "The API refused it: what was sent is no token of headway's."),
        (revoked, "The API refused it: this token is not valid, or not any more."),
    ):
        sign_in(page, wrong)
        expect(page.get_by_role("alert")).to_have_text(said)
    assert violations(page, axe_script()) == []
    sign_in(page, house.token()[1])
    expect(page.get_by_role("heading", name="Recent jobs")).to_be_visible()


def test_signing_out_shows_nothing_any_more_and_keeps_nothing(page: Page, house: House) -> None:
    job = house.job()
    page.goto(f"{house.url}/ui/jobs/{job.id}")
    sign_in(page, house.token()[1])
    expect(page.locator("[data-headway=job]")).to_have_attribute("data-connection", "live")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()
    expect(page.get_by_text("step 2/5")).to_have_count(0)
    assert page.evaluate(KEPT) == 0
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_token_that_is_revoked_during_a_watch_leads_back_to_the_sign_in_and_another_one_to_the_job(
    page: Page, house: House
) -> None:
    (made, token), job = house.token(), house.job()
    page.goto(f"{house.url}/ui/jobs/{job.id}")
    sign_in(page, token)
    expect(page.locator("[data-headway=job]")).to_have_attribute("data-connection", "live")
    house.store.run(tokens.revoke(made.token_id))
    expect(page.get_by_text("You have been signed out: this token is not valid, or not any more.")).to_be_visible()
    expect(page.get_by_text("step 2/5")).to_have_count(0)
    assert page.evaluate(KEPT) == 0
    sign_in(page, house.token()[1])
    expect(page.get_by_text("running: step 2/5")).to_be_visible()


def test_a_large_result_is_downloaded_by_whoever_may_see_the_job(page: Page, house: House) -> None:
    job = house.job()
    large = json.dumps({"n": 12345678901234567890, "text": "x" * 1000})
    job.finish({"href": f"/jobs/{job.id}/result", "bytes": len(large)}, large)
    page.goto(f"{house.url}/ui/jobs/{job.id}")
    sign_in(page, house.token("viewer")[1])
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Result, [0-9,]+ bytes$")).click()
    assert download.value.path().read_text() == large
