"""What the app is started with, from the project's folder and from any other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

ASK = """
import json, sys
from streamlit import config
config._main_script_path = sys.argv[1]
names = ("server.address", "runner.postScriptGC", "browser.gatherUsageStats", "server.headless")
print(json.dumps([config.get_option(name) for name in names]))
"""


@pytest.mark.parametrize("folder", [ROOT, Path("/")])
def test_only_this_machine_is_served_and_no_collection_follows_each_run(folder: Path) -> None:
    script = str(ROOT / "apps" / "streamlit" / "app.py")
    said = subprocess.run([sys.executable, "-c", ASK, script], cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout) == ["127.0.0.1", False, False, True]
