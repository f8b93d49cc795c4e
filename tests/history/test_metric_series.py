"""What a job measured over HTTP: every value from Redis or from history, thinned out on request."""

import json
import math
from typing import Any

import pytest

from headway import keys
from headway.metrics import Metrics, as_extra
from tests.history.served import Served

BEGIN_MS = 1_761_646_894_000


def ignore(sentence: str) -> None:
    """Nobody listens to complaints here."""


def series(served: Served, job_id: str, **query: Any) -> list[dict[str, Any]]:
    answer = served.get(f"/jobs/{job_id}/metrics", **query)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["partial"]
    return answer.json()["series"]


def wave(count: int, begin: int = 0) -> list[list[Any]]:
    return [[BEGIN_MS + i, "loss", math.sin(i / 50)] for i in range(begin, begin + count)]


def test_every_value_of_each_name_is_there_those_between_two_writes_too(served: Served):
    job_id = served.running()
    metrics = Metrics(ignore)
    for i in range(20):
        metrics.add({"loss": i / 10, "lr": 0.5} if i % 2 else {"loss": i / 10})
    served.desk.report(job_id, 1, extra=as_extra(*metrics.take()))
    loss, lr = series(served, job_id)
    assert (loss["name"], loss["value"], loss["count"]) == ("loss", [i / 10 for i in range(20)], 20)
    assert (lr["name"], lr["value"], lr["attempt"]) == ("lr", [0.5] * 10, [1] * 10)
    assert loss["at"] == sorted(loss["at"])


def test_history_has_the_same_series_as_redis(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, [*wave(3), [BEGIN_MS, "big", None]], dropped=4)
    served.measure(job_id, 2, wave(3, 3))
    served.end(job_id)
    live = series(served, job_id)
    assert live[0]["dropped"] == 4
    served.record(job_id)
    assert series(served, job_id) == live
    served.redis.delete(keys.points(job_id))
    assert series(served, job_id) == live
    served.forget(job_id)
    assert series(served, job_id) == live


def test_what_redis_keeps_no_longer_stands_before_what_it_keeps(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, wave(3))
    served.record(job_id)
    served.redis.delete(keys.points(job_id))
    served.measure(job_id, 2, wave(3, 3))
    assert series(served, job_id)[0]["value"] == [point[2] for point in wave(6)]


def test_the_last_values_of_a_failing_attempt_are_that_attempts(served: Served):
    job_id = served.running()
    served.desk.fail(job_id, again=True, extra=json.dumps({"points": wave(1), "points_dropped": 0}))
    assert series(served, job_id)[0]["attempt"] == [1]
    served.record(job_id)
    served.redis.delete(keys.points(job_id))
    assert series(served, job_id)[0]["attempt"] == [1]


def test_a_series_is_thinned_out_on_request_and_keeps_its_ends_its_peak_and_its_gap(served: Served):
    job_id = served.running()
    points = wave(5_000)
    points[2_500][2] = 40.0
    points[3_000][2] = None
    served.measure(job_id, 1, points)
    served.record(job_id)
    thin = series(served, job_id, points=100)[0]
    assert len(thin["value"]) <= 100
    assert thin["count"] == 5_000
    assert (thin["value"][0], thin["value"][-1]) == (points[0][2], points[-1][2])
    assert max(value for value in thin["value"] if value is not None) == 40.0
    assert None in thin["value"]
    served.redis.delete(keys.points(job_id))
    assert series(served, job_id, points=100)[0] == thin


def test_a_series_of_few_points_stays_whole(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, wave(4))
    assert series(served, job_id, points=4)[0]["value"] == [point[2] for point in wave(4)]


@pytest.mark.parametrize("values", [[None] * 50, [1.0] * 50, [None, 1.0] * 25])
def test_odd_series_are_thinned_out_too(served: Served, values: list[float | None]):
    job_id = served.running()
    # Many in one millisecond, and a clock that goes back.
    served.measure(job_id, 1, [[BEGIN_MS - i // 20, "odd", value] for i, value in enumerate(values)])
    assert 1 <= len(series(served, job_id, points=3)[0]["value"]) <= 3


def test_names_are_chosen(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, [[BEGIN_MS, name, 1] for name in ("a", "b'; --", "c")])
    assert [one["name"] for one in series(served, job_id, name=["c", "b'; --"])] == ["b'; --", "c"]
    assert series(served, job_id, name="none") == []
    served.record(job_id)
    served.redis.delete(keys.points(job_id))
    assert [one["name"] for one in series(served, job_id, name=["c", "b'; --"])] == ["b'; --", "c"]


@pytest.mark.parametrize("query", [{"points": 2}, {"points": "many"}, {"points": 10**9}, {"name": "x" * 201}])
def test_a_bad_question_is_refused(served: Served, query: dict[str, Any]):
    job_id = served.running()
    assert served.get(f"/jobs/{job_id}/metrics", **query).status_code == 422


def test_a_deleted_or_unknown_job_has_no_metrics(served: Served):
    job_id = served.running()
    served.measure(job_id, 1, wave(1))
    served.end(job_id)
    served.record(job_id)
    served.desk.delete(job_id)
    assert served.get(f"/jobs/{job_id}/metrics").status_code == 404
    assert served.get("/jobs/nobody/metrics").status_code == 404
