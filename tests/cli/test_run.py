"""`headway run`: what becomes of parameters, and how each end is told."""

import json
from pathlib import Path

import pytest

from headway.client import Client
from tests.cli.command import Command
from tests.servers import api_server, worker_process

GIVEN = {
    "count": ("3", 3),
    "share": ("0.25", 0.25),
    "loud": ("yes", True),
    "words": ("to be,or not", ["to be", "or not"]),
    "numbers": ("[1, 2]", [1, 2]),
    "day": ("2026-01-31", "2026-01-31"),
    "moment": ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
    "colour": ("blue", "blue"),
    "anything": ('{"a": [null, 1.5]}', {"a": [None, 1.5]}),
    "name": ("a=b", "a=b"),
}


def test_values_are_read_by_the_tasks_schema(headway: Command) -> None:
    options = [part for name, (text, _) in GIVEN.items() for part in ("-p", f"{name}={text}")]
    ended = headway("run", "echo", *options, "--watch")
    assert ended.status == 0, ended.err
    result = json.loads(ended.lines[-1].rpartition(" · ")[2])
    assert result == {name: value for name, (_, value) in GIVEN.items()}


def test_a_key_again_is_another_entry_and_json_fills_in_the_rest(headway: Command) -> None:
    options = ("-p", "words=to be, or not", "-p", "words=to be", "--params", '{"count": 7, "name": ""}')
    ended = headway("run", "echo", *options, "--watch")
    result = json.loads(ended.lines[-1].rpartition(" · ")[2])
    assert (result["words"], result["count"], result["name"]) == (["to be, or not", "to be"], 7, "")


def test_it_prints_the_id_alone_and_the_job_waits_in_the_queue_that_was_named(headway: Command) -> None:
    ended = headway("run", "long_task", "-p", "n_steps=2", "--queue", "nobody-serves-this")
    assert (ended.status, ended.err) == (0, "")
    (job_id,) = ended.lines
    with Client(headway.settings["HEADWAY_API_URL"]) as client:
        spec = client.job(job_id).spec
    assert spec is not None
    assert (spec.task, spec.queue, spec.params) == ("long_task", "nobody-serves-this", {"n_steps": 2})


@pytest.mark.parametrize(
    ("args", "sentences"),
    [
        (("-p", "conut=3", "-p", "loud=perhaps"), ["'conut': no such parameter", "'loud': must be true or false"]),
        (("-p", "count"), ["-p 'count': write key=value"]),
        # This one only the API's own check finds.
        (("--params", '{"count": -1}'), ["parameter 'count': -1 is less than the minimum of 0"]),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said_in_a_sentence(
    headway: Command, args: tuple[str, ...], sentences: list[str]
) -> None:
    ended = headway("run", "echo", *args)
    assert (ended.status, ended.out) == (2, "")
    said = ended.err.splitlines()
    assert len(said) == len(sentences)
    for line, sentence in zip(said, sentences, strict=True):
        assert line.startswith("headway: ")
        assert sentence in line


def test_a_failed_job_ends_with_1_and_its_error(headway: Command) -> None:
    ended = headway("run", "fail", "-p", "detail=no such column", "--watch")
    assert ended.status == 1
    assert " fail failed 50 % · " in ended.lines[-1]
    assert ended.lines[-1].endswith("ValueError: no such column")


def test_an_unknown_task_is_told_apart_from_a_failed_job(headway: Command) -> None:
    ended = headway("run", "nothing_like_it")
    assert (ended.status, ended.out) == (4, "")
    assert "no task named 'nothing_like_it'" in ended.err


def test_an_api_that_is_away_is_one_sentence(headway: Command) -> None:
    ended = headway("run", "echo", HEADWAY_API_URL="http://127.0.0.1:1")
    assert (ended.status, ended.out) == (69, "")
    assert ended.err.startswith("headway: no API answers at http://127.0.0.1:1 ")
    assert len(ended.err.splitlines()) == 1


def test_a_file_of_this_machine_is_uploaded_for_a_file_parameter(redis_url: str, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n3,4\n")
    data_dir = str(tmp_path / "data")
    with (
        api_server(redis_url, HEADWAY_DATA_DIR=data_dir) as api,
        worker_process(redis_url, HEADWAY_DATA_DIR=data_dir),
    ):
        headway = Command({"HEADWAY_API_URL": api.url})
        ended = headway("run", "profile_table", "-p", f"path=@{table}", "--watch")
        missing = headway("run", "profile_table", "-p", f"path=@{tmp_path}/nothing.csv")
    assert ended.status == 0, ended.out + ended.err
    assert " finished 100 % · 2 of 2 rows" in ended.lines[-1]
    assert (missing.status, missing.out) == (2, "")
    assert "nothing.csv" in missing.err
