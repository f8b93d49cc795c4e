"""The app's modules, and its pages run without a browser."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from headway.settings import get_settings
from tests.fixtures import api, module_redis_url, redis
from tests.headway.scripted_api import ScriptedApi

__all__ = ["api", "module_redis_url", "redis"]

APP = Path(__file__).parents[2] / "apps" / "streamlit"
# As `streamlit run` does for the script's folder.
sys.path.insert(0, str(APP))

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit makes a page the `__main__` of this process, which every process spawned later would run anew."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def scripted_api() -> Iterator[ScriptedApi]:
    """A server that says what a test tells it to, for answers that a real API gives only by accident."""
    with ScriptedApi() as server:
        yield server


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """`open_page(api_url, "job", job="abc")`: a page of the app, run once with these query parameters."""

    def open_(api_url: str, page: str, **query: str) -> AppTest:
        monkeypatch.setenv("HEADWAY_API_URL", api_url)
        get_settings.cache_clear()
        # Every AppTest has the same session id, and so the client of the one before.
        st.cache_resource.clear()
        app = AppTest.from_file(APP / "app.py", default_timeout=20)
        app.query_params.update(query)
        app.run()
        if query or page != "run":
            if page == "run":
                # By way of another page, so that the widgets forget what the first run put into them.
                app.switch_page("app_pages/job.py").run()
            app.switch_page(f"app_pages/{page}.py")
            app.query_params.update(query)
            app.run()
        assert not app.exception, app.exception
        return app

    yield open_
    get_settings.cache_clear()
