"""A job's child processes report through the job's one reporter, however they were started."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from multiprocessing import forkserver
from pathlib import Path

import pytest

from headway import report, track
from headway.child import ADDRESS, DISMISSED, HEARD, LINE_MAX_BYTES
from headway.context import current_job, set_process_job
from headway.relay import CONNECTIONS_MAX
from tests.headway import children
from tests.headway.desk import Desk
from tests.servers import ROOT
from tests.wait import wait_for


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    """A running job whose children are heard."""
    desk = Desk(redis_url)
    assert desk.reporter.start().accepted
    set_process_job(desk.reporter, desk.reporter.address)
    yield desk
    set_process_job(None)
    address = desk.reporter.address
    if not desk.now().status.terminal:
        desk.reporter.cancel()
    assert address is not None
    assert not Path(address).exists()
    assert not {"headway-relay", "headway-flush"} & {thread.name for thread in threading.enumerate()}


@pytest.fixture
def _forkserver_anew() -> Iterator[None]:
    """A fork server's children have the environment in which it started: other tests' one must not serve this job."""
    forkserver._forkserver._stop()
    yield
    forkserver._forkserver._stop()


def connected(desk: Desk) -> socket.socket:
    assert desk.reporter.address is not None
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(desk.reporter.address)
    return connection


def told(connection: socket.socket) -> bytes:
    """What the relay says until it closes the connection."""
    connection.settimeout(10)
    return b"".join(iter(lambda: connection.recv(16), b""))


def sent(desk: Desk, *payloads: bytes) -> None:
    with connected(desk) as connection:
        for payload in payloads:
            connection.sendall(payload)


@pytest.mark.usefixtures("_forkserver_anew")
@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_everything_that_a_pool_of_processes_says_arrives(desk: Desk, how: str) -> None:
    names = ["a", "b", "c"]
    with multiprocessing.get_context(how).Pool(2) as pool:
        assert list(track(pool.imap(children.work, names), total=3, desc="files")) == names
        pool.close()
        pool.join()
    desk.reporter.finish("null")
    assert sorted(desk.logged()) == ["a was here", "b was here", "c was here"]
    assert sorted(desk.points()) == [[f"{name}.at", i] for name in names for i in range(4)]
    assert (desk.now().n, desk.now().total) == (3, 3)


def test_a_childs_loop_is_a_bar_inside_the_one_that_waits_for_it(desk: Desk) -> None:
    inside, leave = multiprocessing.Event(), multiprocessing.Event()

    def stand() -> None:
        for i in track(range(4), desc="child", unit="row"):
            if i == 2:
                inside.set()
                leave.wait(10)

    child = multiprocessing.get_context("fork").Process(target=stand)
    for _ in track(range(2), desc="mine"):
        child.start()
        assert inside.wait(10)
        frame = desk.seen(lambda snapshot: bool(snapshot.bars) and snapshot.bars[-1].n == 2)[-1]
        leave.set()
        child.join()
        break
    assert [(bar.desc, bar.parent, bar.total, bar.unit) for bar in frame.bars] == [
        ("mine", None, 2, "it"),
        ("child", 1, 4, "row"),
    ]
    assert (frame.n, frame.desc, frame.percent) == (0, "mine", 25)


def test_a_program_that_the_job_starts_reports_to_its_last_word(desk: Desk) -> None:
    env = {"PATH": os.environ["PATH"], ADDRESS: os.environ[ADDRESS]}
    subprocess.run([sys.executable, "-m", "tests.headway.children"], cwd=ROOT, env=env, check=True, timeout=30)
    desk.seen(lambda snapshot: snapshot.message == "the script's last word")
    desk.reporter.finish("null")
    assert desk.logged() == ["script was here"]


def test_a_forked_child_reports_through_its_parent_who_goes_on(desk: Desk) -> None:
    child = os.fork()
    if child == 0:
        job = current_job()
        report(message="from the child")
        job.flush(5)  # type: ignore[union-attr]
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    desk.seen(lambda snapshot: snapshot.message == "from the child")
    report(message="from the parent")
    desk.seen(lambda snapshot: snapshot.message == "from the parent")


def test_a_child_that_outlives_the_job_says_nothing_more_and_is_not_held_up(desk: Desk) -> None:
    begin, said = multiprocessing.Event(), multiprocessing.Event()

    def outlive() -> None:
        report(message="in time")
        begin.wait(10)
        for i in track(range(10_000)):
            report(message=f"too late {i}")
        said.set()

    child = multiprocessing.get_context("fork").Process(target=outlive)
    child.start()
    desk.seen(lambda snapshot: snapshot.message == "in time")
    desk.reporter.finish("1")
    last = desk.now()
    begin.set()
    assert said.wait(10)
    child.join(10)
    assert child.exitcode == 0
    assert desk.now() == last


def test_a_child_is_told_when_the_job_ends_in_good_order(desk: Desk) -> None:
    with connected(desk) as child:
        assert child.recv(1) == HEARD
        desk.reporter.finish("1")
        assert told(child) == DISMISSED


def test_children_that_never_stop_talking_do_not_hold_up_the_end(desk: Desk) -> None:
    talking = multiprocessing.Semaphore(0)

    def talk() -> None:
        with suppress(OSError), connected(desk) as connection:
            for i in count():
                connection.sendall(b'{"said":[null,"%d",null,null,null]}\n' % i * 10_000)
                if i == 0:
                    talking.release()

    children = [multiprocessing.get_context("fork").Process(target=talk) for _ in range(8)]
    for child in children:
        child.start()
    for _ in children:
        assert talking.acquire(timeout=10)
    ending = threading.Thread(target=desk.reporter.finish, args=("1",), daemon=True)
    ending.start()
    ending.join(10)
    for child in children:
        child.kill()
        child.join()
    assert not ending.is_alive()
    assert desk.now().status == "finished"


def test_a_process_that_is_started_after_the_job_is_outside_of_it(desk: Desk) -> None:
    env = {"PATH": os.environ["PATH"], ADDRESS: os.environ[ADDRESS]}
    desk.reporter.finish("1")
    code = "from headway.context import current_job; raise SystemExit(current_job() is not None)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize(
    "payload",
    [
        b"no JSON at all\n",
        b"\xff\xfe\x00\n",
        b"[1,2,3]\n",
        b'{"said":[1]}\n',
        b'{"bars":[[1]]}\n',
        b'{"bars":7}\n',
        b'{"points":[["a","b"]]}\n',
        b'{"logs":7}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_report_ends_that_connection_alone(desk: Desk, payload: bytes) -> None:
    with connected(desk) as bad, connected(desk) as good:
        bad.sendall(payload)
        assert told(bad) == HEARD + DISMISSED
        good.sendall(b'{"said":[null,"still heard",null,null,null]}\n')
        desk.seen(lambda snapshot: snapshot.message == "still heard")
    desk.reporter.finish("null")
    assert sum("no report" in line for line in desk.logged()) == 1


def test_a_frame_without_end_is_cut_off_before_it_fills_the_memory(desk: Desk) -> None:
    with connected(desk) as bad:
        bad.settimeout(10)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(1_024):
                bad.sendall(b"x" * LINE_MAX_BYTES)


def test_values_that_a_child_makes_up_are_brought_into_range(desk: Desk) -> None:
    bar = [1, None, "b\x00", -5, -1, "u", float("nan"), 7.5, False]
    sent(desk, json.dumps({"bars": [bar]}).encode() + b"\n", b'{"said":[null,"read",null,null,null]}\n')
    desk.seen(lambda snapshot: snapshot.message == "read")
    (shown,) = desk.now().bars
    assert (shown.n, shown.total, shown.desc, shown.fraction, shown.percent) == (0, None, "b\ufffd", 1.0, 99)


def test_bars_that_a_child_nests_without_end_are_shown_as_deep_as_others(desk: Desk) -> None:
    bars = [[i, i - 1 or None, f"bar {i}", 0, 1, "it", 1.0, 0.0, False] for i in range(1, 1_000)]
    with connected(desk) as child:
        child.sendall(json.dumps({"bars": bars}).encode() + b'\n{"said":[null,"read",null,null,null]}\n')
        desk.seen(lambda snapshot: snapshot.message == "read")
    desk.reporter.finish("1")
    assert desk.now().status == "finished"


def test_values_that_children_get_wrong_are_made_sound_and_said_once(desk: Desk) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(children.err, range(4))
        pool.close()
        pool.join()
    last = desk.seen(lambda frame: frame.message == "x" * 999 + "…")[-1]
    assert (last.percent, last.n, len(last.metrics)) == (0, 0, 64)
    desk.reporter.finish("null")
    for words in ("NaN", "negative n", "more than 64 metrics", "control characters", "str() raises"):
        assert sum(words in line for line in desk.logged()) == 1, words


def test_more_connections_than_are_heard_are_refused_and_the_job_goes_on(desk: Desk) -> None:
    many = []
    try:
        while len(many) < CONNECTIONS_MAX + 5:
            many.append(connected(desk))
        many[-1].settimeout(10)
        wait_for(lambda: _refused(many[-1]), 10, "the last one is refused")
    finally:
        for connection in many:
            connection.close()
    report(message="goes on")
    desk.seen(lambda snapshot: snapshot.message == "goes on")


def _refused(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_the_loops_of_a_child_that_was_killed_end_with_it(desk: Desk) -> None:
    inside = multiprocessing.Event()

    def stand() -> None:
        for _ in track(range(4), desc="child"):
            inside.set()
            threading.Event().wait(30)

    child = multiprocessing.get_context("fork").Process(target=stand)
    for _ in track(range(2), desc="mine"):
        child.start()
        assert inside.wait(10)
        desk.seen(lambda snapshot: len(snapshot.bars) == 2)
        child.kill()
        child.join()
        desk.seen(lambda snapshot: len(snapshot.bars) == 1)
        break
