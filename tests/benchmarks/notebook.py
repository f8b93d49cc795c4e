"""What fifty live bars cost a notebook's kernel."""

import json
import threading
import time
from contextlib import suppress
from queue import Empty
from typing import Any

import psutil
from jupyter_client.manager import KernelManager
from redis import Redis

from headway import keys
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, alone
from tests.servers import api_server, inherited

BARS = 50
UPDATES_HZ = 2.0
WARM_UP_S = 3.0
MEASURED_S = 10.0
_WITHIN_S = 60.0
_JOB_IDS = [f"bench-{number}" for number in range(BARS)]
_WATCH = f"""
from headway.notebook import watch
import time
handles = watch({_JOB_IDS!r})
while not all(handle.snapshot for handle in handles):
    time.sleep(0.1)
"""
#: What every bar has shown since the last time, so that it is known that they moved.
_LOOK = "print(sum(handle.snapshot.seq for handle in handles))"


def bars(rounds: int) -> list[Figure]:
    """CPU time of a kernel with `BARS` bars on jobs that move `UPDATES_HZ` times a second, and its connections."""
    with private_redis() as url, api_server(url) as api:
        stop = threading.Event()
        writer = threading.Thread(target=_write, args=(url, stop))
        writer.start()
        try:
            measured = alone(lambda: _measure(api.url), rounds)
        finally:
            stop.set()
            writer.join()
    goals = {"notebook": ("%", at_most(10)), "notebook-connections": ("", at_most(1))}
    return [absolute(name, goals[name][0], values, goals[name][1]) for name, values in measured.items()]


def _write(url: str, stop: threading.Event) -> None:
    """Move every job, as any program does that knows only the lesson's seven fields."""
    with Redis.from_url(url) as redis:
        step = 0
        while not stop.is_set():
            step += 1
            for job_id in _JOB_IDS:
                snapshot = json.dumps(
                    {"job_id": job_id, "status": "running", "percent": step % 100, "message": f"step {step}",
                     "result": None, "error": None, "updated_at": ""}
                )  # fmt: skip
                redis.set(keys.snapshot(job_id), snapshot)
                redis.publish(keys.updates(job_id), snapshot)
                stop.wait(1 / UPDATES_HZ / BARS)


def _measure(api_url: str) -> Measured:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=inherited() | {"HEADWAY_API_URL": api_url})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=_WITHIN_S)
        _run(client, _WATCH)
        time.sleep(WARM_UP_S)
        kernel = psutil.Process(manager.provisioner.pid)
        before, shown, began_s = _busy_s(kernel), int(_run(client, _LOOK)), time.perf_counter()
        time.sleep(MEASURED_S)
        took_s = time.perf_counter() - began_s
        busy_s = _busy_s(kernel) - before
        moved = int(_run(client, _LOOK)) - shown
        if moved < BARS * UPDATES_HZ * took_s / 2:
            raise RuntimeError(f"the bars moved {moved} times in {took_s:.1f} s: this machine is too busy to measure")
        return {"notebook": 100 * busy_s / took_s, "notebook-connections": float(_connections(kernel, api_url))}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: Any, code: str) -> str:
    """Run a cell, pass over what bars send meanwhile, and return what it printed."""
    asked = client.execute(code)
    until_s = time.monotonic() + _WITHIN_S
    said = ""
    while time.monotonic() < until_s:
        with suppress(Empty):
            message = client.get_iopub_msg(timeout=1)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "stream":
                said += message["content"]["text"]
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return said
    raise TimeoutError(f"the kernel did not answer within {_WITHIN_S:g} s")


def _busy_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _connections(kernel: psutil.Process, api_url: str) -> int:
    port = int(api_url.rpartition(":")[2])
    return sum(bool(one.raddr) and one.raddr.port == port for one in kernel.net_connections("tcp"))
