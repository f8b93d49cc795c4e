"""Processes that end with their parent."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.servers import runs
from tests.wait import wait_for

PARENT = """
import os, sys, time
from headway.orphan import {name}
parent = os.getpid()
child = os.fork()
if child == 0:
    {call}
    while True:
        {loop}
        time.sleep(0.01)
print(child, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("name", "call", "loop"),
    [
        ("end_with_parent", "end_with_parent(parent)", "pass"),
        ("end_if_orphaned", "pass", "end_if_orphaned(parent)"),
    ],
)
def test_a_child_ends_when_its_parent_is_killed(name: str, call: str, loop: str) -> None:
    if name == "end_with_parent" and sys.platform != "linux":
        pytest.skip("only Linux signals the death of a parent")
    program = PARENT.format(name=name, call=call, loop=loop)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(lambda: not runs(child), 15, "the child ends")
