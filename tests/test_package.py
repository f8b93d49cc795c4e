"""What `pip install .` puts into somebody's site-packages."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_has_the_library_with_its_scripts_and_nothing_else(tmp_path):
    checkout = tmp_path / "checkout"
    # Building leaves its own folders beside the sources.
    ignore = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
    shutil.copytree(ROOT, checkout, ignore=ignore)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(checkout)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = tmp_path.glob("*.whl")
    files = set(zipfile.ZipFile(wheel).namelist())
    top_level = {name.split("/")[0] for name in files if ".dist-info/" not in name}
    assert top_level == {"headway"}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "headway").rglob("*.*")}
    assert {name for name in sources if name.endswith((".py", ".lua", ".typed"))} <= files
