"""Code that only knows tqdm, run as jobs by a real worker."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import keys
from tests.servers import worker_process
from tests.wait import wait_for
from tests.worker.test_rq_worker import Floor


@pytest.fixture(scope="module")
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    with worker_process(module_redis_url, ["tests.worker.tqdm_jobs"]):
        yield floor
    floor.close()


def test_a_table_s_progress_apply_counts_its_rows(floor: Floor) -> None:
    last = floor.ended(floor.submit("apply_to_rows", rows=50))
    assert (last.status, last.n, last.total, last.unit, last.desc) == ("finished", 50, 50, "row", "rows")
    assert last.result == sum(range(50)) + 50


def test_a_grouping_s_progress_apply_counts_its_groups(floor: Floor) -> None:
    last = floor.ended(floor.submit("apply_to_groups", groups=4))
    assert (last.status, last.n, last.total, last.unit, last.desc) == ("finished", 4, 4, "group", "groups")
    assert last.result == {f"k{i}": 3 for i in range(4)}


@pytest.mark.parametrize("how", ["product", "process_map", "thread_map"])
def test_a_library_that_takes_a_tqdm_class_reports_through_ours(floor: Floor, how: str) -> None:
    last = floor.ended(floor.submit("hand_over_the_class", how=how))
    assert (last.status, last.n, last.total, last.desc) == ("finished", 4, 4, "pairs")
    assert len(last.result) == 4


def test_bars_at_positions_of_their_own_are_inside_one_another_with_losses_and_lines(
    floor: Floor, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    job_id = floor.submit("train", go=str(go))
    wait_for(lambda: floor.now(job_id).metrics and len(floor.now(job_id).bars) == 2, 15, "both bars are reported")
    inside = floor.now(job_id)
    go.touch()
    last = floor.ended(job_id)
    assert [(bar.desc, bar.n, bar.total, bar.unit, bar.parent) for bar in inside.bars] == [
        ("epochs", 1, 4, "epoch", None),
        ("batches", 5, 10, "batch", 1),
    ]
    assert (inside.percent, inside.metrics) == (37, {"loss": 0.25})
    assert (last.status, last.n, last.metrics) == ("finished", 4, {"loss": 0.25})
    assert logged(floor, job_id) == ["first epoch", "went well"]


def logged(floor: Floor, job_id: str) -> list[str]:
    entries = [entry for _, entry in floor.store.redis.xrange(keys.LOGS) if entry[b"job"] == job_id.encode()]
    return [line for entry in entries for _, line in json.loads(entry[b"lines"])]
