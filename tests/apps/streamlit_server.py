"""A real Streamlit server on a free port."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.ports import free_port
from tests.servers import ROOT, START_S, process
from tests.wait import wait_for

APP = ROOT / "apps" / "streamlit" / "app.py"


@contextmanager
def streamlit_server(script: Path = APP, **env: str) -> Iterator[str]:
    """Run a script as the Procfile runs the app, from the project's folder, and yield its address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    url = f"http://127.0.0.1:{port}"
    with process([*command, "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"], env) as (
        running,
        log,
    ):

        def healthy() -> bool:
            if running.poll() is not None:
                raise AssertionError(f"Streamlit ended with {running.returncode}: {log.read_text()}")
            try:
                return httpx2.get(f"{url}/_stcore/health", timeout=2).status_code == 200
            except httpx2.TransportError:
                return False

        wait_for(healthy, START_S, "Streamlit answers")
        yield url
