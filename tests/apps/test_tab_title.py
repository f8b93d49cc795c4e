"""What the browser's tab says of a job."""

import pytest
from job_view import JobView
from tab_title import job_title

from headway.snapshot import Snapshot


def title(problem: str = "", **members: object) -> str:
    snapshot = Snapshot.model_validate({"job_id": "j1", "task": "count", **members})
    return job_title(JobView("j1", snapshot, problem))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"status": "running", "percent": 62}, "62 % count · headway"),
        ({"status": "running", "n": 7}, "running count · headway"),
        ({"status": "queued"}, "queued count · headway"),
        ({"status": "paused", "percent": 62}, "paused count · headway"),
        ({"status": "finished", "percent": 100}, "✓ count · headway"),
        ({"status": "failed", "percent": 40}, "✗ count · headway"),
        ({"status": "canceled", "task": None}, "canceled j1 · headway"),
    ],
)
def test_how_the_job_is_doing_comes_first(members: dict[str, object], said: str) -> None:
    assert title(**members) == said


def test_a_percent_that_nobody_confirms_is_not_kept_in_the_tab() -> None:
    assert title("no API answers", status="running", percent=62) == "no answer count · headway"


def test_a_job_that_is_not_known_is_named_by_its_id() -> None:
    assert job_title(JobView("j1")) == "j1 · headway"
