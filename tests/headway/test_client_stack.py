"""The client against the real API, with a real worker behind it."""

import json
import re
from collections.abc import Iterator

import pytest

from headway.client import Client
from headway.errors import BadInput, InvalidParams, JobFailed, JobNotFound, TaskNotFound
from headway.settings import Settings
from headway.status import Status
from headway.store import Store
from tests import fixtures
from tests.api.watching import WrittenJob
from tests.fixtures import Stack
from tests.servers import ROOT
from tests.wait import wait_for

api, module_redis_url, stack = fixtures.api, fixtures.module_redis_url, fixtures.stack


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.api_url, user="ada") as client:
        wait_for(
            lambda: "profile_table" in [task.name for task in client.tasks()], 20, "the worker announced its tasks"
        )
        yield client


def test_a_job_is_submitted_and_watched_to_its_end(client: Client) -> None:
    queued = client.submit("long_task", n_steps=3, step_s=0.1)
    shots = list(client.watch(queued.job_id, timeout_s=20))
    assert shots[-1].status is Status.FINISHED
    assert shots[-1].result == {"msg": "done", "value": 42}
    assert shots[-1].owner == "ada"
    seqs = [shot.seq for shot in shots]
    assert seqs == sorted(set(seqs))


def test_a_finished_job_is_found_again_with_what_was_asked_for(client: Client) -> None:
    queued = client.submit("long_task", {"n_steps": 1}, step_s=0)
    *_, last = client.watch(queued.job_id, timeout_s=20)
    assert client.status(queued.job_id) == last
    detail = client.job(queued.job_id)
    assert detail.spec is not None
    assert detail.spec.params == {"n_steps": 1, "step_s": 0}
    assert queued.job_id in [job.job_id for job in client.jobs(task="long_task", owner="ada").jobs]


def test_many_jobs_are_looked_at_at_once(client: Client) -> None:
    job_ids = [client.submit("long_task", n_steps=0).job_id for _ in range(3)]
    found = client.statuses([*job_ids, "nobody"])
    assert list(found.snapshots) == job_ids
    assert found.missing == ["nobody"]


def test_the_same_is_asked_of_many_jobs_and_each_answers_for_itself(client: Client) -> None:
    running = client.submit("long_task", n_steps=1_000)
    canceled, unknown = client.act_on([running.job_id, "nobody", running.job_id], "cancel")
    assert canceled.snapshot is not None
    assert (canceled.job_id, canceled.problem) == (running.job_id, None)
    assert (unknown.snapshot, unknown.problem) == (None, "job not found")
    *_, last = client.watch(running.job_id, timeout_s=20)
    assert last.status is Status.CANCELED


def test_jobs_of_any_of_several_states_are_listed(client: Client) -> None:
    *_, done = client.watch(client.submit("long_task", n_steps=1, step_s=0).job_id, timeout_s=20)
    *_, failed = client.watch(client.submit("profile_table", path="/nowhere/else.csv").job_id, timeout_s=20)
    listed = {job.job_id for job in client.jobs(status=[Status.FAILED, Status.CANCELED]).jobs}
    assert failed.job_id in listed
    assert done.job_id not in listed
    assert listed < {job.job_id for job in client.jobs(status=["failed", "canceled", "finished"]).jobs}


def test_a_result_is_waited_for(client: Client) -> None:
    job = client.submit("long_task", n_steps=2, step_s=0.1)
    assert client.result(job.job_id, timeout_s=20) == {"msg": "done", "value": 42}


def test_a_result_too_large_for_its_snapshot_is_fetched(client: Client, stack: Stack) -> None:
    store = Store(Settings(redis_url=stack.redis_url))
    job = WrittenJob(store)
    job.start()
    rows = list(range(100))
    job.finish({"href": f"/jobs/{job.id}/result", "bytes": 390}, json.dumps(rows))
    store.close()
    assert client.result(job.id) == rows


def test_the_result_of_a_job_that_fails_is_its_error(client: Client) -> None:
    job = client.submit("profile_table", path="/nowhere/flights.csv")
    with pytest.raises(JobFailed, match="flights.csv") as caught:
        client.result(job.job_id, timeout_s=20)
    assert caught.value.type == client.status(job.job_id).error.type


def test_tasks_and_workers_are_listed(client: Client) -> None:
    task = client.task("long_task")
    assert [field.name for field in task.fields] == ["n_steps", "step_s"]
    (worker,) = client.workers()
    assert "long_task" in worker.tasks


def test_what_the_api_refuses_arrives_as_the_librarys_own_errors(client: Client) -> None:
    with pytest.raises(InvalidParams, match="'n_steps'"):
        client.submit("long_task", n_steps="many")
    with pytest.raises(TaskNotFound, match="'no such'"):
        client.submit("no such")
    with pytest.raises(JobNotFound):
        client.status("nobody")
    with pytest.raises(JobNotFound):
        next(client.watch("nobody", timeout_s=20))


def test_a_submit_repeated_with_its_key_is_one_job(client: Client) -> None:
    first, second = (client.submit("long_task", n_steps=0, idempotency_key="one-click") for _ in range(2))
    assert first.job_id == second.job_id


def test_jobs_are_a_table_with_the_types_that_the_manual_names(client: Client) -> None:
    job_id = client.submit("long_task", n_steps=1, step_s=0).job_id
    client.result(job_id, timeout_s=20)
    table = client.jobs_frame(status=["finished"], task="long_task", limit=300)
    row = table.set_index("job_id").loc[job_id]
    assert (row["status"], row["percent"], row["attempt"], row["owner"]) == ("finished", 100, 1, "ada")
    assert row["created_at"] <= row["started_at"] <= row["finished_at"]
    assert table["error_type"].isna().all()


def test_no_job_is_a_table_of_the_same_columns(client: Client) -> None:
    client.result(client.submit("long_task", n_steps=1, step_s=0).job_id, timeout_s=20)
    none, some = client.jobs_frame(task="nobody"), client.jobs_frame(limit=1)
    assert (len(none), len(some)) == (0, 1)
    assert none.dtypes.to_dict() == some.dtypes.to_dict()
    assert {str(dtype) for dtype in none.dtypes} == {"string", "Int64", "float64", "datetime64[ms, UTC]"}
    manual = (ROOT / "docs" / "client.md").read_text().split("### As tables")[1].split("`client.history(")[0]
    rows = [line.split("|")[1] for line in manual.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(none.columns)
    with pytest.raises(BadInput, match="limit=0"):
        client.jobs_frame(limit=0)
