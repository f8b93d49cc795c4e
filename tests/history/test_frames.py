"""What history and metrics are as DataFrames."""

import asyncio
import re
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest

from headway import AsyncClient, Client
from headway.client import tables
from headway.errors import InvalidJobId, JobNotFound
from tests.history.served import Served
from tests.history.test_metric_series import BEGIN_MS, wave
from tests.servers import ROOT


def manual(method: str) -> dict[str, str]:
    """The columns that the manual names, and their dtypes."""
    text = (ROOT / "docs" / "client.md").read_text().split("### As tables")[1].split("## Watching")[0]
    rows = re.findall(
        r"^\| (`.+?) \| `(.+?)` \|", text.split(f"`client.{method}(job_id)` is")[1].split("\n\n`")[0], re.M
    )
    return {name: dtype for names, dtype in rows for name in re.findall(r"`(\w+)`", names)}


def dtypes(frame: Any) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_what_happened_to_a_job_is_a_table_however_many_pages_it_has(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_EVENTS_MAX", 2)
    job_id = served.running()
    served.desk.report(job_id, 3, 4, "step")
    served.desk.report(job_id, 3, None)
    served.desk.fail(job_id)
    served.record(job_id)
    with Client(served.url) as client:
        frame = client.history(job_id)
    assert dtypes(frame) == manual("history")
    assert list(frame["seq"]) == [1, 2, 3, 4, 5]
    assert list(frame["status"]) == ["queued", "started", "running", "running", "failed"]
    step = frame.iloc[2]
    assert (step["job_id"], step["n"], step["total"], step["percent"], step["message"]) == (job_id, 3, 4, 75, "step")
    assert pd.isna(frame["total"].iloc[3])
    assert frame["at"].is_monotonic_increasing
    assert frame["error_type"].iloc[:4].isna().all()
    assert (frame["error_type"].iloc[4], frame["error_detail"].iloc[4]) == ("ValueError", "no column 'x'")


def test_a_job_of_which_nothing_is_written_down_yet_has_a_table_of_the_same_columns(served: Served) -> None:
    job_id = served.running()
    with Client(served.url) as client:
        events, values = client.history(job_id), client.metrics(job_id)
    assert (len(events), dtypes(events)) == (0, manual("history"))
    assert (len(values), dtypes(values)) == (0, manual("metrics"))


def test_what_a_job_measured_is_a_table(served: Served) -> None:
    job_id = served.running()
    served.measure(job_id, 1, [*wave(3), [BEGIN_MS, "big", None]], dropped=4)
    with Client(served.url) as client:
        frame = client.metrics(job_id)
        assert list(client.metrics(job_id, names=["big"])["name"]) == ["big"]
    assert dtypes(frame) == manual("metrics")
    loss = frame[frame["name"] == "loss"]
    assert list(loss["value"]) == [point[2] for point in wave(3)]
    assert list(loss["at"]) == [pd.Timestamp(BEGIN_MS + i, unit="ms", tz="UTC") for i in range(3)]
    assert set(loss["attempt"]) == {1}
    assert frame[frame["name"] == "big"]["value"].isna().all()
    assert frame.attrs["partial"] is False
    assert sum(frame.attrs["dropped"].values()) == 4


def test_the_async_client_makes_the_same_tables(served: Served) -> None:
    job_id = served.running()
    served.measure(job_id, 1, wave(20))
    served.record(job_id)

    async def read() -> list[pd.DataFrame]:
        async with AsyncClient(served.url) as client:
            return [
                await client.history(job_id),
                await client.metrics(job_id, points=5),
                await client.jobs_frame(limit=1),
            ]

    with Client(served.url) as client:
        same = [client.history(job_id), client.metrics(job_id, points=5), client.jobs_frame(limit=1)]
    for ours, theirs in zip(asyncio.run(read()), same, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
    assert [len(frame) for frame in same] == [3, 5, 1]


def test_an_unknown_job_and_an_id_that_is_none_are_said_to_be_so(served: Served) -> None:
    with Client(served.url) as client:
        for ask in (client.history, client.metrics):
            with pytest.raises(JobNotFound):
                ask("nobody")
            with pytest.raises(InvalidJobId):
                ask("x'; DROP TABLE jobs; --")


def test_without_pandas_the_client_says_what_it_needs() -> None:
    code = """
import sys
sys.modules["pandas"] = None
from headway import Client
from headway.errors import BadInput
client = Client("http://127.0.0.1:1")
for ask, arguments in ((client.history, ["j"]), (client.metrics, ["j"]), (client.jobs_frame, [])):
    try:
        ask(*arguments)
    except BadInput as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines() == [
        f"{name} needs pandas: pip install pandas" for name in ("history", "metrics", "jobs_frame")
    ]
