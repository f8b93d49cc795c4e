"""A real Chromium in front of real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.apps.streamlit_server import streamlit_server
from tests.fixtures import Stack, api, module_redis_url, redis, stack
from tests.needs import need_program
from tests.react.kit import build_page, need_packages

__all__ = ["api", "module_redis_url", "redis", "stack"]

_EXPECT_MS = 15_000

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder drives a browser."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module's tests, each of which gets a profile of its own.

    Not for the session: while Playwright is open, its event loop counts as running in this thread, and a test of
    another folder that comes later in the same process could not run one of its own.
    """
    path = need_program("chromium", "chromium-browser", "google-chrome")
    expect.set_options(timeout=_EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page in English, in light colours; an error in a script on it fails the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, locale="en-GB", color_scheme="light")
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def app_url(stack: Stack) -> Iterator[str]:
    """The Streamlit app in front of `stack`."""
    with streamlit_server(HEADWAY_API_URL=stack.api_url) as url:
        yield url


@pytest.fixture(scope="session")
def react_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the page that the API serves at `/ui`, built anew."""
    need_packages()
    folder = tmp_path_factory.mktemp("page")
    build_page("demo/vite.config.ts", folder)
    return folder
