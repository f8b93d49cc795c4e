"""The React kit: its style, types, build and own tests."""

import gzip
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fixtures import Stack
from tests.react.kit import KIT, check, need_packages
from tests.react.wire import wire_types
from tests.servers import ROOT

EXAMPLES = {
    "extends": str(KIT / "tsconfig.json"),
    "compilerOptions": {"types": ["vite/client"]},
    "include": ["*.tsx"],
    "exclude": [],
}
#: What stands in a manual's fences: code that is compiled, and what is none.
FENCES = {"tsx", "sh"}

pytestmark = pytest.mark.usefixtures("_packages")


@pytest.fixture(scope="module")
def _packages() -> None:
    need_packages()


@pytest.fixture(scope="module")
def _built(_packages: None) -> None:
    """The package as npm would get it."""
    check("vite", "build")
    check("tsc", "-p", "tsconfig.build.json")


def test_the_style_is_clean():
    check("biome", "check", "--error-on-warnings")


def test_the_types_are_sound():
    check("tsc")


def test_the_wire_types_are_those_of_the_api():
    written = (KIT / "src" / "wire.ts").read_text()
    assert written == wire_types(), "the API has changed: run `make react-types`"


def test_the_lock_file_records_no_download_addresses():
    lock = (KIT / "package-lock.json").read_text()
    assert '"resolved": "http' not in lock
    assert lock.count('"integrity"') > 100


@pytest.mark.usefixtures("_built")
def test_it_builds_into_what_npm_could_publish():
    check("publint", "--strict", "--pack", "false")


def test_all_hooks_and_what_is_below_them_weigh_6_kib_as_a_browser_gets_them(tmp_path: Path):
    check("vite", "build", "--config", "tests/size.config.ts", "--outDir", str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert b'from"react"' in file.read_bytes()
    assert len(gzip.compress(file.read_bytes(), 9)) <= 6 * 1024


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_its_own_tests_pass_beside_a_real_api_and_worker(stack: Stack):
    check("vitest", "run", HEADWAY_API_URL=stack.api_url)


@pytest.mark.parametrize("manual", [ROOT / "docs" / "react.md", KIT / "README.md"], ids=["docs", "package"])
@pytest.mark.usefixtures("_built")
def test_every_example_of_a_manual_compiles_against_the_built_package(manual: Path):
    fences = re.findall(r"^```(\w*)\n(.*?)^```", manual.read_text(), re.DOTALL | re.MULTILINE)
    assert {kind for kind, _ in fences} <= FENCES
    examples = [code for kind, code in fences if kind == "tsx"]
    assert len(examples) > 4
    # Within the kit's folder, so that its packages are found, and where git does not look.
    with TemporaryDirectory(dir=KIT / "node_modules") as folder:
        (Path(folder) / "node_modules").mkdir()
        (Path(folder) / "node_modules" / "headway-react").symlink_to(KIT)
        for place, example in enumerate(examples):
            (Path(folder) / f"example{place}.tsx").write_text(example)
        (Path(folder) / "tsconfig.json").write_text(json.dumps(EXAMPLES))
        check("tsc", "-p", folder)
