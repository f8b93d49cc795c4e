"""`headway ls`, `status` and `tasks`: what there is, for people and as JSON."""

import json
from collections.abc import Iterator

import pytest

from headway.client import Client
from headway.snapshot import Snapshot
from headway.status import Status
from tests.cli.command import Command
from tests.headway.scripted_api import ScriptedApi


@pytest.fixture(scope="module")
def ended(headway: Command) -> Iterator[dict[str, str]]:
    """A finished and a failed job of one user, and a waiting one of another; ids by how they ended."""
    url = headway.settings["HEADWAY_API_URL"]
    with Client(url, user="ada") as ada, Client(url, user="bob") as bob:
        ids = {
            "finished": ada.submit("add", a=1, b=2).job_id,
            "failed": ada.submit("fail", detail="no such column").job_id,
            "queued": bob.submit("add", {"a": 1, "b": 1}, queue="elsewhere").job_id,
        }
        for name in ("finished", "failed"):
            list(ada.watch(ids[name], timeout_s=20))
        yield ids


def listed(headway: Command, *args: str) -> list[str]:
    """The job ids of the table."""
    answer = headway("ls", *args)
    assert answer.status == 0, answer.err
    return [line.split()[0] for line in answer.lines[1:]]


def test_jobs_are_listed_newest_first_and_by_what_was_asked_for(headway: Command, ended: dict[str, str]) -> None:
    newest_first = [ended["queued"], ended["failed"], ended["finished"]]
    assert listed(headway) == newest_first
    assert listed(headway, "--limit", "2") == newest_first[:2]
    assert listed(headway, "--status", "failed") == [ended["failed"]]
    assert listed(headway, "--task", "add", "--owner", "ada") == [ended["finished"]]
    assert listed(headway, "--queue", "elsewhere") == [ended["queued"]]
    assert listed(headway, "--owner", "nobody") == []


def test_a_row_says_what_became_of_the_job(headway: Command, ended: dict[str, str]) -> None:
    table = headway("ls", "--task", "fail").lines
    assert table[0].split() == ["JOB", "TASK", "STATUS", "DONE", "QUEUE", "OWNER", "AGE"]
    job, task, status, percent, _, queue, owner, *_ = table[1].split()
    assert (job, task, status, percent, queue, owner) == (ended["failed"], "fail", "failed", "50", "default", "ada")
    assert table[1].endswith(" ValueError: no such column")


def test_a_list_as_json_is_the_snapshots(headway: Command, ended: dict[str, str]) -> None:
    shown = json.loads(headway("ls", "--status", "finished", "--json").out)
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        assert [Snapshot.model_validate(job) for job in shown] == [client.status(ended["finished"])]


def test_a_list_longer_than_a_page_is_fetched_whole(scripted_api: ScriptedApi) -> None:
    pages = [[Snapshot(job_id=f"j{page}-{n}").model_dump(mode="json") for n in range(200)] for page in range(2)]
    scripted_api.answer("GET", "/jobs", 200, {"jobs": pages[0], "next": "1.j0-199"})
    scripted_api.answer("GET", "/jobs", 200, {"jobs": pages[1], "next": "1.j1-199"})
    headway = Command({"HEADWAY_API_URL": scripted_api.url})
    assert len(listed(headway, "--limit", "250")) == 250
    assert [seen.query.get("cursor") for seen in scripted_api.seen] == [None, "1.j0-199"]


def test_a_status_in_words_has_parameters_times_and_what_became_of_it(headway: Command, ended: dict[str, str]) -> None:
    answer = headway("status", ended["failed"])
    said = dict(line.split(":", 1) for line in answer.lines)
    assert answer.status == 1
    assert said["params"].strip() == '{"detail": "no such column"}'
    assert said["status"].strip() == "failed 50 %"
    assert said["error"].strip() == "ValueError: no such column"
    assert said["owner"].strip() == "ada"
    assert said["ended"].strip() > said["started"].strip() > said["submitted"].strip()


def test_a_status_as_json_is_the_snapshot(headway: Command, ended: dict[str, str]) -> None:
    answer = headway("status", ended["finished"], "--json")
    assert answer.status == 0
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        assert Snapshot.model_validate_json(answer.out) == client.status(ended["finished"])


def test_an_unknown_job_has_a_status_of_its_own(headway: Command) -> None:
    for args in (("status", "nobody"), ("status", "nobody", "--json")):
        answer = headway(*args)
        assert (answer.status, answer.out, answer.err) == (4, "", "headway: job not found\n")


def test_what_a_foreign_writer_put_in_cannot_reach_the_terminal(scripted_api: ScriptedApi) -> None:
    nasty = Snapshot(job_id="j1", status=Status.RUNNING, message="\x1b[2J\x9b31mred\nline", owner="\x1b]0;title\x07")
    scripted_api.put(nasty)
    scripted_api.answer("GET", "/jobs/j1", 200, {"snapshot": nasty.model_dump(mode="json")})
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [nasty.model_dump(mode="json")], "next": None})
    headway = Command({"HEADWAY_API_URL": scripted_api.url})
    for args in (("status", "j1"), ("status", "j1", "--json"), ("ls",), ("ls", "--json")):
        shown = headway(*args).out
        assert "red" in shown
        assert all(char.isprintable() or char == "\n" for char in shown)


def test_tasks_are_listed_with_how_many_workers_serve_them(headway: Command) -> None:
    rows = {line.split()[0]: line for line in headway("tasks").lines[1:]}
    assert rows["add"].split() == ["add", "default", "1", "Add", "two", "numbers."]
    assert {"echo", "long_task", "profile_table"} <= rows.keys()
    assert [task["name"] for task in json.loads(headway("tasks", "--json").out)] == list(rows)


def test_a_task_is_shown_with_its_parameters(headway: Command) -> None:
    lines = headway("tasks", "echo").lines
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines if line}
    assert lines[0] == "echo: Give back what came in."
    assert rows["count"] == "integer 0 How many; at least 0"
    assert rows["colour"] == 'choice "red" A choice; red | blue'
    assert headway("tasks", "add").lines[-1] == "headway run add -p a=… -p b=…"
    assert json.loads(headway("tasks", "echo", "--json").out)["fields"][0]["name"] == "count"
    assert headway("tasks", "nothing_like_it").status == 4


def test_a_list_fits_a_terminal(headway: Command, ended: dict[str, str]) -> None:
    with headway.on_a_terminal("ls", columns=60) as terminal:
        text = terminal.read_to_end()
    rows = [line for line in text.splitlines() if any(job_id in line for job_id in ended.values())]
    assert len(rows) == 3
    assert max(map(len, text.splitlines())) <= 60
