"""What `headway doctor` asks the API, and through it of the workers."""

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx2
from websockets.exceptions import InvalidURI, WebSocketException
from websockets.sync.client import connect

from headway.cli.clocks import clock
from headway.cli.findings import Finding, bad, ok, warn
from headway.client import Client
from headway.client.address import Address
from headway.errors import HeadwayError
from headway.quantities import duration
from headway.status import Status
from headway.version import __version__
from headway.workers import SILENCE_S, WorkerInfo

_TIMEOUT_S = 5.0
#: An HTTP date has whole seconds.
_DATE_STEP_S = 1.0
_START = "start it with `make run`, or set HEADWAY_API_URL to where it is"


def api_findings(client: Client) -> Iterator[Finding]:
    """Look at the API that the client is for; at nothing behind it if it does not answer."""
    address = Address.parse(client.url)
    with httpx2.Client(timeout=_TIMEOUT_S, trust_env=not address.loopback) as http:
        try:
            asked_s = time.time()
            health = http.get(address.http("/healthz"))
            answered_s = time.time()
            ready = http.get(address.http("/readyz"))
        except httpx2.RequestError as error:
            yield bad("API", f"nothing answers at {client.url} ({str(error) or type(error).__name__})", _START)
            return
    version = _version(health)
    if version is None:
        advice = f"another program has that address, or a proxy is in the way: {_START}"
        yield bad("API", f"what answers at {client.url} is not headway (HTTP {health.status_code})", advice)
        return
    yield _same_version("API", f"answers at {client.url}", version)
    yield from _ready(ready)
    yield _websocket(address)
    if (date := health.headers.get("date")) is not None:
        theirs_s = parsedate_to_datetime(date).timestamp()
        yield clock("the API", theirs_s, asked_s, answered_s, step_s=_DATE_STEP_S)
    if not ready.is_error:
        yield from _behind(client)


def ui_finding(port: int) -> Finding:
    """Whether the Streamlit app is there, on this machine."""
    url = f"http://127.0.0.1:{port}"
    try:
        answer = httpx2.get(f"{url}/_stcore/health", timeout=_TIMEOUT_S, trust_env=False)
    except httpx2.RequestError:
        return warn("UI", f"no Streamlit app answers at {url}", "start it with `make run`, if you want it")
    if answer.is_error:
        return warn("UI", f"what answers at {url} is no Streamlit app", "set HEADWAY_UI_PORT to another port")
    return ok("UI", f"the Streamlit app answers at {url}")


def _version(health: httpx2.Response) -> str | None:
    """headway's version there; None if it is not headway."""
    try:
        version = health.json()["version"]
    except (ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, str) else None


def _same_version(about: str, said: str, version: str) -> Finding:
    if version == __version__:
        return ok(about, f"{said}, headway {version}")
    return warn(about, f"{said}, headway {version}; here it is {__version__}", "install the same version everywhere")


def _ready(ready: httpx2.Response) -> Iterator[Finding]:
    if not ready.is_error:
        yield ok("API", "can serve")
        yield _judge(ready)
        yield _history(ready)
        return
    try:
        detail = ready.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"HTTP {ready.status_code}"
    yield bad("API", f"cannot serve now: {detail}", "look at the Redis that the API was started with")


def _judge(ready: httpx2.Response) -> Finding:
    try:
        there = ready.json()["judge"] is True
    except (ValueError, KeyError, TypeError):
        there = False
    if there:
        return ok("judge", "looks after dead workers, retries and lost jobs")
    advice = "start one: headway judge"
    return warn("judge", "none is there: jobs of dead workers stay as they are, and no retry begins", advice)


def _history(ready: httpx2.Response) -> Finding:
    try:
        said = ready.json()
        state, dropped, unreadable = said["history"], int(said["history_dropped"]), said.get("history_unreadable")
    except (ValueError, KeyError, TypeError):
        state, dropped, unreadable = "none", 0, None
    if unreadable is not None:
        advice = "look at HEADWAY_DATABASE_URL and HEADWAY_DATA_DIR where the API runs"
        return bad("SQL", f"the API cannot read history: {unreadable}", advice)
    if state == "waiting":
        return warn("SQL", "the recorder cannot write history now", "look at HEADWAY_DATABASE_URL where it runs")
    if state == "none":
        return ok("SQL", "not used: nobody records, so jobs are kept in Redis alone, for HEADWAY_KEEP_S")
    if dropped:
        advice = "raise HEADWAY_EVENTS_MAX, or run more recorders"
        return warn("SQL", f"history is recorded; {dropped:,} events were lost before they could be", advice)
    return ok("SQL", "history is recorded")


def _websocket(address: Address) -> Finding:
    try:
        # Only the handshake: whether the job exists is said later.
        with connect(
            address.websocket("/ws/doctor"),
            proxy=None if address.loopback else True,
            open_timeout=_TIMEOUT_S,
            close_timeout=0.2,
        ):
            return ok("WebSocket", "opens")
    except (OSError, WebSocketException, InvalidURI) as error:
        advice = "watching falls back to polling; if a proxy is in between, let it pass on Upgrade"
        return warn("WebSocket", f"does not open ({str(error) or type(error).__name__})", advice)


def _behind(client: Client) -> Iterator[Finding]:
    try:
        workers, tasks = client.workers(), client.tasks()
        waiting = client.jobs(status=Status.QUEUED, limit=200).jobs
    except HeadwayError as error:
        yield bad("API", str(error), _START)
        return
    yield from map(_worker, workers)
    alive = [worker for worker in workers if worker.alive]
    if not alive:
        yield warn("workers", "none was heard of", "jobs wait until one is there: headway worker --tasks yourmodule")
    served = {queue for worker in alive for queue in worker.queues}
    stuck = Counter(job.queue for job in waiting if job.queue is not None and job.queue not in served)
    for queue, jobs in stuck.items():
        said = f"{jobs} waiting in {queue!r}, which no worker serves"
        yield warn("queue", said, f"headway worker --queue {queue} --tasks yourmodule")
    unserved = [task.name for task in tasks if not task.workers]
    if alive and unserved:
        yield warn("tasks", f"no worker serves {', '.join(unserved)} now", "start a worker with their module")
    elif tasks:
        yield ok("tasks", f"{len(tasks)} known")


def _worker(worker: WorkerInfo) -> Finding:
    age = duration(worker.age_s or 0.0)
    said = f"{worker.name} on {worker.host} serves {', '.join(worker.queues)}, heard of {age} ago"
    if not worker.alive:
        return warn("worker", said, f"silent for more than {SILENCE_S} s: gone, cut off or suspended; look at its host")
    return _same_version("worker", said, worker.version)
