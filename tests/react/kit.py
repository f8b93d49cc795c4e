"""The React kit's own tools, with the Node that comes with the Python environment."""

import os
import subprocess
import sys

from tests.needs import need
from tests.servers import ROOT, inherited

KIT = ROOT / "apps" / "react"
_INSTALLED = KIT / "node_modules" / ".package-lock.json"
_LOCK = KIT / "package-lock.json"


def need_packages() -> None:
    """Skip the test, or fail it in CI, unless what the kit is built with is installed."""
    need(
        _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= _LOCK.stat().st_mtime,
        "apps/react/node_modules (`make react`)",
    )


def run(*command: str, given: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the kit's packages, such as `tsc`, in its folder."""
    npm = [str(KIT / "npm"), "exec", "--offline", "--silent", "--", *command]
    settings = inherited() | {"PYTHON": sys.executable} | env
    if "CI" in os.environ:
        settings["CI"] = os.environ["CI"]
    return subprocess.run(npm, input=given, env=settings, capture_output=True, text=True, check=False)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What a program that failed said; empty if it did not fail."""
    return f"{done.stdout}{done.stderr}" or f"it ended with {done.returncode}" if done.returncode else ""
