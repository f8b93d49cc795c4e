"""`headway watch`: jobs followed to their ends, as lines and as bars."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.client import Client
from headway.snapshot import Snapshot
from headway.status import Status
from tests.cli.command import Command
from tests.headway.scripted_api import ScriptedApi
from tests.wait import wait_for

GOES_ON = "the job goes on; to look again: headway watch {0}; to cancel it: headway cancel {0}"


@pytest.fixture
def client(headway: Command) -> Iterator[Client]:
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        yield client


@pytest.fixture
def go(tmp_path: Path) -> Iterator[Path]:
    """What a job waits for; no test leaves one waiting."""
    yield tmp_path / "go"
    (tmp_path / "go").touch()


def test_a_plain_line_comes_for_each_change_of_status_or_whole_percent(scripted_api: ScriptedApi) -> None:
    headway = Command({"HEADWAY_API_URL": scripted_api.url})
    steps = [
        {"status": "queued"},
        {"status": "running", "percent": 40, "n": 2, "total": 5, "message": "step 2"},
        {"status": "running", "percent": 40, "n": 2, "total": 5, "message": "step 2 and a bit"},
        {"status": "running", "percent": 41, "n": 2.1, "total": 5, "message": "\x1b[2Jon\nwe go"},
        {"status": "queued", "attempt": 2, "message": "failed: ValueError; again in 1 s"},
        {"status": "finished", "attempt": 2, "percent": 100, "n": 5, "total": 5, "result": [1]},
    ]
    scripted_api.put(Snapshot(job_id="j1", **steps[0]))
    with headway.started("watch", "j1") as running:
        wait_for(lambda: scripted_api.open_sockets, 10, "the job is watched")
        for seq, members in enumerate(steps[1:], start=2):
            scripted_api.put(Snapshot(job_id="j1", seq=seq, **members))
        out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, "")
    assert out.splitlines() == [
        "j1 queued 0 %",
        "j1 running 40 % · 2 of 5 · step 2",
        "j1 running 41 % · 2.1 of 5 · on we go",
        "j1 queued 0 % · attempt 2 · failed: ValueError; again in 1 s",
        "j1 finished 100 % · attempt 2 · 5 of 5 · [1]",
    ]


def test_what_was_submitted_is_piped_into_watch(headway: Command) -> None:
    submitted = headway("run", "long_task", "-p", "n_steps=2", "-p", "step_s=0.05")
    ended = headway("watch", "-", stdin=submitted.out)
    assert ended.status == 0
    assert ended.lines[-1].startswith(f"{submitted.lines[0]} long_task finished 100 % ")


def test_of_several_jobs_the_worst_end_counts_and_an_unknown_one_stops_nobody(headway: Command, client: Client) -> None:
    fine = client.submit("long_task", n_steps=1, step_s=0.05).job_id
    bad = client.submit("fail", detail="boom").job_id
    both = headway("watch", fine, bad, fine)
    assert both.status == 1
    assert {line.split()[0]: line.split()[2] for line in both.lines} == {fine: "finished", bad: "failed"}
    assert sum(" finished " in line for line in both.lines) == 1
    unknown = headway("watch", "nobody", bad, fine)
    assert unknown.status == 4
    assert unknown.err == "headway: nobody: job not found\n"
    assert [line.split()[2] for line in unknown.lines] == ["failed", "finished"] or len(unknown.lines) == 2


@pytest.mark.parametrize(("status", "end"), [("finished", 0), ("failed", 1), ("canceled", 3)])
def test_the_exit_status_tells_the_ends_apart(scripted_api: ScriptedApi, status: str, end: int) -> None:
    scripted_api.put(Snapshot(job_id="j1", status=Status(status), percent=40))
    ended = Command({"HEADWAY_API_URL": scripted_api.url})("watch", "j1")
    assert ended.status == end
    assert ended.lines == [f"j1 {status} {100 if end == 0 else 40} %"]


def test_ctrl_c_leaves_the_job_running_and_says_so(headway: Command, client: Client, go: Path) -> None:
    job_id = client.submit("aimless", go=str(go)).job_id
    wait_for(lambda: client.status(job_id).status is Status.RUNNING, 20, "the job runs")
    with headway.started("watch", job_id) as running:
        assert running.stdout is not None
        # An unknown total is never a percent.
        assert re.fullmatch(rf"{job_id} aimless running · [\d,]+ · .*looking\n", running.stdout.readline())
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert err == f"headway: {GOES_ON.format(job_id)}\n"
    assert client.status(job_id).status is Status.RUNNING
    go.touch()
    *_, last = client.watch(job_id, timeout_s=20)
    assert last.status is Status.FINISHED


def test_an_api_that_goes_away_is_said_and_waited_for(scripted_api: ScriptedApi) -> None:
    scripted_api.put(Snapshot(job_id="j1", status=Status.RUNNING, percent=40))
    with Command({"HEADWAY_API_URL": scripted_api.url}).started("watch", "j1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "j1 running 40 %\n"
        wait_for(lambda: scripted_api.open_sockets, 10, "the job is watched")
        scripted_api.stop()
        assert re.match(r"headway: j1: no answer from the API for .*, still trying", running.stderr.readline())
        scripted_api.start()
        scripted_api.put(Snapshot(job_id="j1", status=Status.FINISHED, percent=100, seq=2))
        assert running.stdout.readline() == "j1 finished 100 %\n"
        assert running.wait(10) == 0


def test_patience_ends_a_watch_that_nobody_answers(scripted_api: ScriptedApi) -> None:
    scripted_api.put(Snapshot(job_id="j1", status=Status.RUNNING, percent=40))
    with Command({"HEADWAY_API_URL": scripted_api.url}).started("watch", "j1", "--patience", "1") as running:
        wait_for(lambda: scripted_api.open_sockets, 10, "the job is watched")
        scripted_api.stop()
        _, err = running.communicate(timeout=20)
        scripted_api.start()
    assert running.returncode == 69
    assert "headway: j1: no API answers at " in err


@pytest.mark.parametrize(
    ("args", "end", "sentence"),
    [
        (("watch", "a b"), 2, "'a b' is no job id"),
        (("watch", "-"), 2, "no job id came from stdin"),
        (("watch", *(f"j{n}" for n in range(201))), 2, "201 jobs are too many to watch at once"),
    ],
)
def test_ids_that_cannot_be_watched_are_a_usage_error(
    scripted_api: ScriptedApi, args: tuple[str, ...], end: int, sentence: str
) -> None:
    ended = Command({"HEADWAY_API_URL": scripted_api.url})(*args)
    assert (ended.status, ended.out) == (end, "")
    assert sentence in ended.err


def test_a_reader_that_goes_away_ends_it_without_a_traceback(scripted_api: ScriptedApi) -> None:
    scripted_api.put(Snapshot(job_id="j1", status=Status.RUNNING, percent=1))
    with Command({"HEADWAY_API_URL": scripted_api.url}).started("watch", "j1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        wait_for(lambda: scripted_api.open_sockets, 10, "the job is watched")
        scripted_api.put(Snapshot(job_id="j1", status=Status.RUNNING, percent=2, seq=2))
        assert running.wait(10) == 141
        assert running.stderr.read() == ""
        running.stdout = None


def frames(text: str, name: str) -> list[str]:
    """The lines drawn for what has this name, one a frame, without those that repeat the one before."""
    drawn = [line.rstrip() for line in text.splitlines() if name in line]
    return [line for before, line in zip(["", *drawn], drawn, strict=False) if line != before]


def test_bars_are_drawn_live_with_those_inside_below(headway: Command, client: Client, go: Path) -> None:
    job_id = client.submit("nested", go=str(go)).job_id
    with headway.on_a_terminal("watch", job_id, columns=150) as terminal:
        terminal.read_until("75 %")
        go.touch()
        text = terminal.read_to_end()
    assert terminal.process.returncode == 0
    assert re.search(r"  outer +━[^\n]+ 75 % 1 of 2 box", text)
    assert re.search(r"    inner +━[^\n]+ 50 % 1 of 2 item", text)
    drawn = frames(text, f"nested {job_id}")
    assert any(re.search(r"━ +75 % running · 1 of 2 box · ", line) for line in drawn)
    assert re.search(r"━ 100 % finished", drawn[-1])
    assert not [line for line in text.splitlines() if "100 %" in line and "finished" not in line]
    assert "outer" not in text[text.rindex(f"nested {job_id}") :]
    assert f"{job_id}: 4" in text.splitlines()
    # The cursor was hidden, and is back.
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_the_last_frame_of_a_failed_job_keeps_the_percent_it_reached(
    headway: Command, client: Client, go: Path
) -> None:
    go.touch()
    job_id = client.submit("nested", go=str(go), fail=True).job_id
    with headway.on_a_terminal("watch", job_id, columns=80) as terminal:
        text = terminal.read_to_end()
    assert terminal.process.returncode == 1
    assert "100 %" not in text
    reached = client.status(job_id).percent
    assert 0 < reached < 100
    assert re.search(rf"━ +{reached} % failed", frames(text, f"nested {job_id}")[-1])
    assert f"{job_id}: ValueError: at the last step" in text.splitlines()


def test_an_unknown_total_pulses_without_a_percent(headway: Command, client: Client, go: Path) -> None:
    job_id = client.submit("aimless", go=str(go)).job_id
    wait_for(lambda: client.status(job_id).status is Status.RUNNING, 20, "the job runs")
    with headway.on_a_terminal("watch", job_id) as terminal:
        terminal.read_until("looking")
        # The same state drawn differently a moment later is a bar that moves.
        wait_for(lambda: terminal.read_more() and pulses(terminal.raw) > 2, 20, "the bar moves")
        assert " %" not in terminal.text
        go.touch()
        text = terminal.read_to_end()
    assert re.search(r"100 % finished", frames(text, f"aimless {job_id}")[-1])


def pulses(raw: bytes) -> int:
    """How many different bars were drawn, their colours included."""
    return len(set(re.findall("(?:\x1b\\[[0-9;]*m━+\x1b\\[0m)+".encode(), raw)))


def test_a_terminal_gets_its_cursor_back_from_a_watch_that_is_ended(headway: Command, client: Client) -> None:
    job_id = client.submit("long_task", {"n_steps": 1}, queue="nobody-serves-this").job_id
    with headway.on_a_terminal("watch", job_id) as terminal:
        terminal.read_until("queued")
        terminal.process.terminate()
        terminal.read_to_end()
    assert terminal.process.returncode == 128 + signal.SIGTERM
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_ctrl_c_on_a_terminal_leaves_the_last_frame_and_a_way_back(headway: Command, client: Client) -> None:
    job_id = client.submit("long_task", {"n_steps": 1}, queue="nobody-serves-this").job_id
    with headway.on_a_terminal("watch", job_id) as terminal:
        terminal.read_until("queued")
        terminal.process.send_signal(signal.SIGINT)
        text = terminal.read_to_end()
    assert terminal.process.returncode == 130
    assert text.splitlines()[-1] == f"headway: {GOES_ON.format(job_id)}"
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_a_terminal_too_low_for_all_shows_what_is_under_way_and_at_the_end_everything(
    scripted_api: ScriptedApi,
) -> None:
    ids = [f"j{n}" for n in range(8)]
    for job_id in ids:
        status = Status.FINISHED if job_id < "j3" else Status.RUNNING
        scripted_api.put(Snapshot(job_id=job_id, status=status, percent=40, message="busy"))
    with Command({"HEADWAY_API_URL": scripted_api.url}).on_a_terminal("watch", *ids, rows=6, columns=80) as terminal:
        terminal.read_until("and 4 more: 1 running, 3 finished")
        drawn = terminal.text
        for job_id in ids[3:]:
            scripted_api.put(Snapshot(job_id=job_id, status=Status.FINISHED, percent=100, seq=2))
        text = terminal.read_to_end()
    last = text[len(drawn) :].splitlines()
    assert terminal.process.returncode == 0
    assert [line.split()[0] for line in last if "100 % finished" in line][-8:] == ids
