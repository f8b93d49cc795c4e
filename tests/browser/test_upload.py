"""A file of the reader's own: picked in the browser, profiled by a worker, its figures on the page."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.fixtures import Stack
from tests.servers import ApiServer, api_server, worker_process

FILE_MAX_BYTES = 1_000_000


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def api(module_redis_url: str, data_dir: Path) -> Iterator[ApiServer]:
    env = {"HEADWAY_DATA_DIR": str(data_dir), "HEADWAY_FILE_MAX_BYTES": str(FILE_MAX_BYTES)}
    with api_server(module_redis_url, **env) as server:
        yield server


@pytest.fixture(scope="module")
def stack(module_redis_url: str, api: ApiServer, data_dir: Path) -> Iterator[Stack]:
    with (
        worker_process(module_redis_url, HEADWAY_DATA_DIR=str(data_dir)),
        httpx2.Client(base_url=api.url, timeout=10) as client,
    ):
        yield Stack(api, module_redis_url, client)


def pick_and_run(page: Page, app_url: str, path: Path) -> None:
    page.goto(f"{app_url}/run?task=profile_table")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Table: upload a file").get_by_text("Upload", exact=True).click()
    chooser.value.set_files(path)
    expect(page.get_by_text(path.name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()


def test_a_file_picked_in_the_browser_is_profiled(page: Page, app_url: str, stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,price\n" + "".join(f"{n},{n % 7}.5\n" for n in range(5_000)))
    pick_and_run(page, app_url, path)
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    snapshot = stack.client.get(f"/status/{page.url.rpartition('job=')[2]}").json()
    assert snapshot["n"] == 5_000
    assert [row[0] for row in snapshot["result"]["rows"]] == ["id", "price"]


def test_a_file_that_is_too_large_is_said_at_its_field(page: Page, app_url: str, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(bytes(FILE_MAX_BYTES + 100_000))
    pick_and_run(page, app_url, path)
    expect(page.get_by_text("Could not be uploaded: the body is larger than")).to_be_visible()
    expect(page.get_by_text("Not submitted: 1 field needs a look.")).to_be_visible()
