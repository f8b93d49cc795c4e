"""`headway pause`, `resume`, `cancel`, `retry` and `delete`: jobs that a real worker runs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.client import Client
from headway.errors import JobNotFound
from headway.snapshot import Snapshot
from headway.status import Status
from tests.cli.command import Command
from tests.headway.scripted_api import ScriptedApi
from tests.wait import wait_for

NOBODYS = "nobody-serves-this"


@pytest.fixture
def client(headway: Command) -> Iterator[Client]:
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        yield client


@pytest.fixture
def go(tmp_path: Path) -> Iterator[Path]:
    """What a job waits for; no test leaves one waiting."""
    yield tmp_path / "go"
    (tmp_path / "go").touch()


def waiting(client: Client) -> str:
    return client.submit("long_task", {"n_steps": 1}, queue=NOBODYS).job_id


def running(client: Client) -> str:
    job_id = client.submit("long_task", n_steps=10_000, step_s=0.01).job_id
    becomes(client, job_id, Status.RUNNING)
    return job_id


def becomes(client: Client, job_id: str, status: Status) -> Snapshot:
    wait_for(lambda: client.status(job_id).status is status, 20, f"the job is {status}")
    return client.status(job_id)


def test_a_running_job_is_paused_resumed_and_canceled(headway: Command, client: Client) -> None:
    job_id = running(client)
    paused = headway("pause", job_id)
    assert paused.status == 0
    assert paused.out.startswith(f"{job_id} long_task ")
    assert "pause asked for" in paused.out or " paused " in paused.out
    becomes(client, job_id, Status.PAUSED)
    assert headway("resume", job_id).status == 0
    becomes(client, job_id, Status.RUNNING)
    assert headway("cancel", job_id).status == 0
    becomes(client, job_id, Status.CANCELED)


def test_ids_come_from_stdin_each_once(headway: Command, client: Client) -> None:
    ids = [waiting(client), waiting(client)]
    ended = headway("cancel", "-", ids[0], stdin="\n".join(ids))
    assert ended.status == 0
    assert [line.split()[:3] for line in ended.lines] == [[job_id, "long_task", "canceled"] for job_id in ids]


def test_a_retried_job_says_which_attempt_it_is(headway: Command, client: Client) -> None:
    job_id = waiting(client)
    client.cancel(job_id)
    ended = headway("retry", job_id)
    assert ended.status == 0
    assert ended.out.startswith(f"{job_id} long_task queued 0 % · attempt 2 · ")


def test_the_worst_answer_counts_and_a_refusal_costs_the_others_nothing(headway: Command, client: Client) -> None:
    over, free = waiting(client), waiting(client)
    client.cancel(over)
    ended = headway("pause", over, "nobody", free)
    assert ended.status == 4
    assert ended.err.splitlines() == [
        f"headway: job {over!r} is over: it is canceled",
        "headway: nobody: job not found",
    ]
    assert ended.out.startswith(f"{free} long_task paused ")


def test_delete_removes_what_is_over_and_nothing_else(headway: Command, client: Client) -> None:
    over, free = waiting(client), waiting(client)
    client.cancel(over)
    ended = headway("delete", over, free)
    assert (ended.status, ended.out) == (4, f"{over} deleted\n")
    assert f"job {free!r} is queued" in ended.err
    with pytest.raises(JobNotFound):
        client.status(over)
    assert client.status(free).status is Status.QUEUED


@pytest.mark.parametrize(("answer", "end", "kept"), [(b"y\n", 0, False), (b"\n", 130, True), (b"\x03", 130, True)])
def test_delete_asks_on_a_terminal(headway: Command, client: Client, answer: bytes, end: int, kept: bool) -> None:
    job_id = waiting(client)
    client.cancel(job_id)
    with headway.on_a_terminal("delete", job_id) as terminal:
        terminal.read_until(f"Delete job {job_id} for everybody? [y/N]")
        if answer == b"\x03":
            terminal.process.send_signal(signal.SIGINT)
        else:
            terminal.type(answer)
        text = terminal.read_to_end()
    assert terminal.process.returncode == end
    assert ("headway: nothing was deleted" in text) is kept
    assert (job_id in {job.job_id for job in client.jobs(limit=200).jobs}) is kept


def test_yes_is_not_asked(headway: Command, client: Client) -> None:
    job_id = waiting(client)
    client.cancel(job_id)
    with headway.on_a_terminal("delete", "--yes", job_id) as terminal:
        text = terminal.read_to_end()
    assert (terminal.process.returncode, text) == (0, f"{job_id} deleted\n")


def test_an_api_that_is_away_ends_it_and_what_is_left_out_is_named(scripted_api: ScriptedApi) -> None:
    url = scripted_api.url
    scripted_api.stop()
    ended = Command({"HEADWAY_API_URL": url})("cancel", "j1", "j2")
    scripted_api.start()
    assert (ended.status, ended.out) == (69, "")
    assert ended.err.startswith("headway: nothing is known to have been asked of j1 j2\nheadway: no API answers at ")


def test_a_watch_of_a_new_job_that_is_left_says_how_to_cancel_it(headway: Command, client: Client, go: Path) -> None:
    with headway.started("run", "aimless", "-p", f"go={go}", "--watch") as watching:
        assert watching.stdout is not None
        line = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=20)
    job_id = line.split()[0]
    assert watching.returncode == 130
    assert err.endswith(
        f"the job goes on; to look again: headway watch {job_id}; to cancel it: headway cancel {job_id}\n"
    )
    assert not client.status(job_id).status.terminal
