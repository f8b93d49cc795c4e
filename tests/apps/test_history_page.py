"""The History page: what it asks for, what its charts show, and what it says while nothing can be read."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import history_charts
import pytest
from history_parts import as_csv, row
from history_parts import share as shared
from streamlit.testing.v1 import AppTest

from headway.analytics import Curve, CurvePoint, Percentiles, TaskFigures, Throughput, ThroughputBucket
from headway.status import Status
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi, problem

SINCE, UNTIL = "2026-01-01T11:00:00.000Z", "2026-01-01T13:00:00.000Z"
PERIOD = {"since": SINCE, "until": UNTIL}
QUIET = ThroughputBucket(start=SINCE)
BUSY = ThroughputBucket(start="2026-01-01T12:00:00.000Z", submitted=5, finished=3, failed=1, failure_rate=0.25)
COUNT = TaskFigures(
    task="count",
    jobs=4,
    finished=3,
    failed=1,
    failure_rate=0.25,
    wait_s=Percentiles(p50=0.5, p95=2),
    run_s=Percentiles(p50=10, p95=40),
)
RUN = Curve(
    job_id="a",
    task="count",
    attempt=1,
    status=Status.FINISHED,
    points=[CurvePoint(t_s=0, percent=0), CurvePoint(t_s=4, percent=100)],
)


def serve(api: ScriptedApi, *buckets: ThroughputBucket, tasks: tuple[TaskFigures, ...] = (COUNT,)) -> None:
    api.answer("GET", "/tasks", 200, [])
    hours = [bucket.model_dump() for bucket in buckets]
    api.answer("GET", "/analytics/throughput", 200, {**PERIOD, "bucket": "hour", "buckets": hours})
    total = tasks[0].model_copy(update={"task": None}) if tasks else TaskFigures()
    report = {**PERIOD, "total": total.model_dump(), "tasks": [task.model_dump() for task in tasks]}
    api.answer("GET", "/analytics/tasks", 200, report)
    api.answer("GET", "/analytics/curves", 200, {"curves": [RUN.model_dump(mode="json")]})


def asked(api: ScriptedApi) -> list[tuple[str, dict[str, str]]]:
    """The requests for figures so far."""
    return [(seen.path.removeprefix("/analytics/"), seen.query) for seen in api.seen if "/analytics/" in seen.path]


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_three_requests_draw_every_chart_and_a_rerun_asks_none(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, QUIET, BUSY)
    app = open_page(scripted_api.url, "history")
    assert [what for what, _ in asked(scripted_api)] == ["throughput", "tasks", "curves"]
    assert asked(scripted_api)[-1][1]["task"] == "count"
    assert len(charts(app.run())) == 5
    assert len(asked(scripted_api)) == 3
    assert {metric.label: metric.value for metric in app.metric}["Failure rate"] == "25.0%"


@pytest.mark.parametrize(("span", "bucket", "days"), [("24 hours", "hour", 1), ("30 days", "day", 30)])
def test_the_address_says_over_which_time_and_of_which_task(
    scripted_api: ScriptedApi, open_page: OpenPage, span: str, bucket: str, days: int
) -> None:
    serve(scripted_api, BUSY)
    open_page(scripted_api.url, "history", last=span, of_task="count")
    _, query = asked(scripted_api)[-3]
    assert (query["bucket"], query["task"]) == (bucket, "count")
    assert (datetime.fromisoformat(query["until"]) - datetime.fromisoformat(query["since"])).days == days


def test_another_time_is_asked_for_at_once(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, BUSY)
    app = open_page(scripted_api.url, "history")
    app.selectbox(key="last").select("90 days").run()
    assert asked(scripted_api)[3][1]["bucket"] == "day"
    assert len(asked(scripted_api)) == 6


def test_a_time_without_jobs_is_said_to_be_one(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, QUIET, tasks=())
    app = open_page(scripted_api.url, "history")
    assert "No job came in or ended in this time." in [text.value for text in app.markdown]
    assert charts(app) == []
    assert [what for what, _ in asked(scripted_api)] == ["throughput", "tasks"]


def test_a_history_that_cannot_be_read_is_asked_for_again(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    unavailable = problem("history-unavailable", "there is no history yet")
    scripted_api.answer("GET", "/analytics/throughput", 503, unavailable)
    app = open_page(scripted_api.url, "history")
    assert app.info[0].value.startswith("History cannot be read now; this page goes on asking.")
    assert app.session_state["history_view"].poll_after_s is not None
    serve(scripted_api, BUSY)
    # Once more the answer from before.
    app.run().run()
    assert len(charts(app)) == 5
    assert app.session_state["history_view"].poll_after_s is None


def test_what_was_read_stays_while_the_api_is_away(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    serve(scripted_api, BUSY)
    app = open_page(scripted_api.url, "history")
    scripted_api.stop()
    app.button(key="history:again").click().run()
    scripted_api.start()
    assert "What is shown was read before." in app.info[0].value
    assert len(charts(app)) == 5
    assert not app.run().info


def test_who_may_not_see_history_is_told_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.answer("GET", "/tasks", 200, [])
    scripted_api.answer("GET", "/analytics/throughput", 403, problem("forbidden", "you may not observe"))
    app = open_page(scripted_api.url, "history")
    assert app.warning[0].value.startswith("You may not see this.")


def test_hours_are_the_readers_and_days_are_those_of_utc() -> None:
    hours = Throughput(since=SINCE, until=UNTIL, bucket="hour", buckets=[QUIET, BUSY])
    berlin = ZoneInfo("Europe/Berlin")
    assert history_charts.starts(hours, berlin) == ["2026-01-01T12:00:00", "2026-01-01T13:00:00"]
    assert history_charts.starts(hours.model_copy(update={"bucket": "day"}), berlin) == ["2026-01-01"] * 2


@pytest.mark.parametrize(("submitted", "step"), [(0, 1), (5, 1), (500, None)])
def test_no_tick_stands_between_one_job_and_the_next(submitted: int, step: int | None) -> None:
    bucket = QUIET.model_copy(update={"submitted": submitted})
    hours = Throughput(since=SINCE, until=UNTIL, bucket="hour", buckets=[bucket])
    assert history_charts.throughput(hours, ZoneInfo("UTC"))["layout"]["yaxis"].get("dtick") == step


def test_an_hour_in_which_nothing_ended_is_a_gap_in_the_failure_rate() -> None:
    hours = Throughput(since=SINCE, until=UNTIL, bucket="hour", buckets=[QUIET, BUSY])
    figure = history_charts.failure_rate(hours, ZoneInfo("UTC"))
    assert figure is not None
    assert figure["data"][0]["y"] == [None, 0.25]
    assert history_charts.failure_rate(hours.model_copy(update={"buckets": [QUIET]}), ZoneInfo("UTC")) is None


def test_short_and_long_tasks_share_a_scale_on_which_both_are_seen() -> None:
    def axis(*seconds: float) -> str:
        tasks = [TaskFigures(task=f"t{s}", run_s=Percentiles(p50=s, p95=s)) for s in seconds]
        figure = history_charts.run_times(tasks)
        assert figure is not None
        return figure["layout"]["xaxis"]["type"]

    assert (axis(1, 20), axis(1, 3600), axis(0, 3600)) == ("linear", "log", "linear")
    assert history_charts.run_times([TaskFigures(task="never")]) is None


def test_the_newest_run_lies_over_those_before_it() -> None:
    older = RUN.model_copy(update={"job_id": "b"})
    drawn = history_charts.past_runs([RUN, older])["data"]
    assert [line["name"] for line in drawn] == ["b", "a"]
    assert drawn[-1]["line"]["width"] > drawn[0]["line"]["width"]


def test_a_rate_is_no_more_exact_than_it_is() -> None:
    assert [shared(rate) for rate in (None, 0.0, 0.0004, 1.0)] == ["–", "0%", "0.0%", "100%"]
    assert row(TaskFigures())["Task"] == "Jobs without a task"


def test_a_csv_has_a_line_for_each_hour_and_for_each_task() -> None:
    header, hour = as_csv([BUSY]).splitlines()
    assert header == "start,submitted,finished,failed,canceled,failure_rate"
    assert hour == "2026-01-01T12:00:00.000Z,5,3,1,0,0.25"
    header, task = as_csv([COUNT]).splitlines()
    assert dict(zip(header.split(","), task.split(","), strict=True))["run_s.p95"] == "40.0"
