"""`make lessons`: the stack, and JupyterLab on the lessons beside it."""

import signal
from pathlib import Path

import httpx2
import pytest

from tests.needs import need_program
from tests.ports import free_port
from tests.stack.running import Running
from tests.wait import wait_for

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_jupyterlab_and_the_stack_answer_and_a_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    settings = {
        "JUPYTER_PORT": str(port),
        "LESSONS_OPTIONS": "--no-browser --IdentityProvider.token=secret",
        **{name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")},
    }
    lab = httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "token secret"}, timeout=30, trust_env=False
    )
    with lab, Running(ROOT, tmp_path / "data", command=[need_program("make"), "lessons"], **settings) as stack:
        stack.wait_for_links(60)
        wait_for(lambda: answers(lab, "/api/status"), 60, "JupyterLab answers")
        found = {item["name"] for item in lab.get("/api/contents").json()["content"]}
        assert "01_first_light.ipynb" in found
        api = f"http://127.0.0.1:{stack.environment['HEADWAY_API_PORT']}"
        assert httpx2.get(f"{api}/readyz", timeout=30, trust_env=False).status_code == 200
        assert lab.post("/api/kernels", json={"name": "python3"}).status_code == 201
        stack.wait_for_processes("ipykernel_launcher", 1)
        stack.ctrl_c()
        # Make itself ends by the signal, once what it started has ended.
        assert stack.wait(60) == -signal.SIGINT
        assert stack.left() == []


def answers(lab: httpx2.Client, path: str) -> bool:
    try:
        return lab.get(path).status_code == 200
    except httpx2.TransportError:
        return False
