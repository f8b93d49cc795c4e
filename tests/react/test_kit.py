"""The React kit: its style, types, build and own tests."""

import pytest

from tests.react.kit import KIT, need_packages, run, said
from tests.react.wire import wire_types

pytestmark = pytest.mark.usefixtures("_packages")


@pytest.fixture(scope="module")
def _packages() -> None:
    need_packages()


def test_the_style_is_clean():
    assert not said(run("biome", "check", "--error-on-warnings"))


def test_the_types_are_sound():
    assert not said(run("tsc"))


def test_the_wire_types_are_those_of_the_api():
    written = (KIT / "src" / "wire.ts").read_text()
    assert written == wire_types(), "the API has changed: run `make react-types`"


def test_the_lock_file_records_no_download_addresses():
    lock = (KIT / "package-lock.json").read_text()
    assert '"resolved": "http' not in lock
    assert lock.count('"integrity"') > 100


def test_it_builds_into_what_npm_could_publish():
    assert not said(run("vite", "build"))
    assert not said(run("tsc", "-p", "tsconfig.build.json"))
    assert not said(run("publint", "--strict", "--pack", "false"))


def test_its_own_tests_pass():
    assert not said(run("vitest", "run"))
