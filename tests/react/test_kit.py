"""The React kit: its style, types, build and own tests."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fixtures import Stack
from tests.react.kit import KIT, check, need_packages
from tests.react.wire import wire_types
from tests.servers import ROOT

pytestmark = pytest.mark.usefixtures("_packages")


@pytest.fixture(scope="module")
def _packages() -> None:
    need_packages()


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


def test_it_builds_into_what_npm_could_publish():
    check("vite", "build")
    check("tsc", "-p", "tsconfig.build.json")
    check("publint", "--strict", "--pack", "false")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_its_own_tests_pass_beside_a_real_api_and_worker(stack: Stack):
    check("vitest", "run", HEADWAY_API_URL=stack.api_url)


@pytest.mark.parametrize("page", [ROOT / "docs" / "react.md", KIT / "README.md"], ids=lambda page: page.name)
def test_every_example_of_the_manual_compiles(page: Path):
    examples = re.findall(r"^```tsx\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert examples
    # Within the kit's folder, so that its packages are found, and where git does not look.
    with TemporaryDirectory(dir=KIT / "node_modules") as folder:
        for place, example in enumerate(examples):
            (Path(folder) / f"example{place}.tsx").write_text(example)
        names = {"headway-react": "index", "headway-react/hooks": "hooks", "headway-react/transport": "transport"}
        paths = {name: [str(KIT / "src" / f"{module}.ts")] for name, module in names.items()}
        paths["headway-react/style.css"] = [str(KIT / "style.css")]
        project = {
            "extends": str(KIT / "tsconfig.json"),
            "compilerOptions": {"paths": paths, "types": []},
            "include": ["*.tsx"],
            "exclude": [],
        }
        (Path(folder) / "tsconfig.json").write_text(json.dumps(project))
        check("tsc", "-p", folder)
