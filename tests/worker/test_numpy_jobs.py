"""Values of numpy's and pandas', and results that are too large for a snapshot, on a real worker."""

import json
from collections.abc import Iterator

import pytest

from headway.encode import MAX_BYTES
from tests.servers import worker_process
from tests.worker.floor import Floor


@pytest.fixture(scope="module")
def floor(module_redis_url: str) -> Iterator[Floor]:
    floor = Floor(module_redis_url)
    with worker_process(module_redis_url, ("tests.worker.numpy_jobs",)):
        yield floor
    floor.close()


def kept(floor: Floor, job_id: str) -> bytes:
    """The result beside the snapshot, which says where it is."""
    result = floor.store.run(floor.store.calls.result(job_id))
    assert result is not None
    assert floor.now(job_id).result == {"href": f"/jobs/{job_id}/result", "bytes": len(result)}
    return result


def test_of_a_frame_of_a_gigabyte_a_thousand_rows_are_kept(floor: Floor) -> None:
    job_id = floor.submit("return_frame")
    assert floor.ended(job_id).status == "finished"
    table = json.loads(kept(floor, job_id))
    assert (len(table["columns"]), len(table["rows"]), table["total_rows"]) == (128, 1_000, 1_000_000)


def test_a_long_text_is_kept_whole(floor: Floor) -> None:
    job_id = floor.submit("return_text", chars=1_000_000)
    assert floor.ended(job_id).status == "finished"
    assert kept(floor, job_id) == b'"' + b"x" * 1_000_000 + b'"'


def test_a_result_beyond_what_is_carried_at_all_fails_the_job_with_a_sentence(floor: Floor) -> None:
    last = floor.ended(floor.submit("return_text", chars=MAX_BYTES + 1))
    assert last.error is not None
    assert (last.status, last.error.type) == ("failed", "NotEncodable")
    assert "write a file and return its path" in last.error.detail
    assert floor.ended(floor.submit("return_text", chars=1)).result == "x"


def test_single_values_of_numpys_are_numbers_and_what_is_none_is_null(floor: Floor) -> None:
    last = floor.ended(floor.submit("report_scalars"))
    assert (last.status, last.n, last.total, last.unit) == ("finished", 2, 3, "epoch")
    assert last.metrics == {"loss": 0.5, "worse": 1, "all": None, "none": None, "one": 0.5}
    assert last.result == {"last": 0.5, "when": "2013-01-01", "mean": None, "flags": [True, False, True]}
