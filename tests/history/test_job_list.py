"""The list of jobs, in pages."""

import math

import pytest

from headway.history.database import Database
from headway.history.job_list import JobList
from headway.history.writing import Writer
from headway.listing import Filters, Place
from headway.status import Status
from tests.history.past import Past


@pytest.fixture
def past(writer: Writer) -> Past:
    """Ten jobs, two in each minute, of two tasks in turn; every fifth failed."""
    past = Past(writer)
    for i in range(10):
        minute = f"10:0{i // 2}"
        task, status = ("even", "odd")[i % 2], "failed" if i % 5 == 0 else "finished"
        past.job(f"j{i}", minute, minute, "11:00", status, task=task, message=f"Step {i}%", owner="ada")
    return past


def ids(job_list: JobList, filters: Filters, limit: int) -> list[str]:
    found: list[str] = []
    place: Place | None = (math.inf, "")
    while place is not None:
        page = job_list.below(place, filters, limit, None)
        found += [job_id for (_, job_id), _ in page.jobs]
        place = page.down_to
    return found


@pytest.mark.parametrize("look_max", [2, 1_000])
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize(("filters", "wanted"), [
    (Filters(), "j9 j8 j7 j6 j5 j4 j3 j2 j1 j0"),
    (Filters(task="odd"), "j9 j7 j5 j3 j1"),
    (Filters(frozenset({Status.FAILED})), "j5 j0"),
    (Filters(frozenset({Status.FAILED}), task="odd"), "j5"),
    (Filters(frozenset({Status.FAILED, Status.FINISHED}), task="odd", owner="ada"), "j9 j7 j5 j3 j1"),
    (Filters(search="STEP 7"), "j7"),
    (Filters(search="7%"), "j7"),
    (Filters(search="J3"), "j3"),
    (Filters(task="' OR 1=1 --"), ""),
    (Filters(search="' OR 1=1 --"), ""),
])  # fmt: skip
def test_pages_miss_no_job_and_repeat_none(
    past: Past, database: Database, filters: Filters, wanted: str, limit: int, look_max: int
):
    assert ids(JobList(database, look_max=look_max), filters, limit) == wanted.split()


def test_it_says_whether_a_job_has_been_recorded(past: Past, database: Database):
    below = JobList(database).below
    assert below((math.inf, ""), Filters(), 1, "j0").holds
    assert not below((math.inf, ""), Filters(), 1, "nobody").holds
