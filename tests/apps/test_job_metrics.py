"""Charts of what a job measures: what each shows, and when nothing is asked."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from live_metrics import figure
from streamlit.testing.v1 import AppTest

from headway.client.answers import MetricSeries
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import NOT_FOUND, ScriptedApi, problem, shot


def series(name: str, *values: float | None, **members: Any) -> dict[str, Any]:
    at = [f"2026-01-01T12:00:0{n}.000Z" for n in range(len(values))]
    kept = {"name": name, "at": at, "value": values, "attempt": [1] * len(values), "count": len(values), "dropped": 0}
    return kept | members


def measured(api: ScriptedApi, *found: dict[str, Any]) -> None:
    """Answer the next request for what j1 measured."""
    api.answer("GET", "/jobs/j1/metrics", 200, {"series": list(found), "partial": False})


def asked(api: ScriptedApi) -> int:
    return sum(seen.path == "/jobs/j1/metrics" for seen in api.seen)


def charts(app: AppTest) -> list[list[float]]:
    """The values of each chart."""
    return [json.loads(chart.proto.spec)["data"][0]["y"] for chart in app.get("plotly_chart")]


def test_each_name_has_a_chart_that_grows_with_each_report(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0, "a*b*": 1.0}))
    measured(scripted_api, series("loss", 3.0, 2.0), series("a*b*", 1.0, dropped=4))
    measured(scripted_api, series("loss", 3.0, 2.0, 1.0), series("a*b*", 1.0))
    app = open_page(scripted_api.url, "job", job="j1")
    assert charts(app) == [[3.0, 2.0], [1.0]]
    said = [text.value for text in app.markdown]
    assert r"**a\*b\*** 1\, 4 values did not fit" in said
    scripted_api.put(shot(2, metrics={"loss": 1.0, "a*b*": 1.0}))
    assert charts(app.run()) == [[3.0, 2.0, 1.0], [1.0]]


def test_nothing_is_asked_where_nothing_was_reported_since(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0}))
    measured(scripted_api, series("loss", 3.0, 2.0))
    app = open_page(scripted_api.url, "job", job="j1")
    app.run()
    assert (asked(scripted_api), charts(app)) == (1, [[3.0, 2.0]])


def test_a_job_that_measures_nothing_has_no_charts(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    app = open_page(scripted_api.url, "job", job="j1")
    assert (asked(scripted_api), charts(app)) == (0, [])
    assert "Metrics" not in [heading.value for heading in app.subheader]


def test_charts_stay_while_their_values_cannot_be_read(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0}))
    measured(scripted_api, series("loss", 3.0, 2.0))
    scripted_api.answer("GET", "/jobs/j1/metrics", 503, problem("unavailable", "Redis hangs"))
    app = open_page(scripted_api.url, "job", job="j1")
    scripted_api.put(shot(2, metrics={"loss": 1.0}))
    app.run()
    assert charts(app) == [[3.0, 2.0]]
    assert "What it measures cannot be read now; this page goes on asking." in app.info[0].value


def test_who_may_not_see_what_a_job_measures_is_told_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0}))
    scripted_api.answer("GET", "/jobs/j1/metrics", 403, problem("forbidden", "not yours"))
    app = open_page(scripted_api.url, "job", job="j1")
    assert app.warning[0].value.startswith("You may not see what it measures.")


def test_the_charts_of_a_job_that_is_gone_are_gone(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0}))
    measured(scripted_api, series("loss", 3.0, 2.0))
    app = open_page(scripted_api.url, "job", job="j1")
    assert len(charts(app)) == 1
    scripted_api.answer("GET", "/status/j1", 404, NOT_FOUND)
    assert charts(app.run()) == []


def test_the_last_values_of_a_job_that_ended_are_read_once(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, metrics={"loss": 2.0}))
    measured(scripted_api, series("loss", 3.0, 2.0))
    measured(scripted_api, series("loss", 3.0, 2.0, 1.0))
    app = open_page(scripted_api.url, "job", job="j1")
    scripted_api.put(shot(2, "finished", metrics={"loss": 1.0}))
    app.run()
    assert charts(app) == [[3.0, 2.0, 1.0]]
    app.run()
    assert (asked(scripted_api), app.session_state["job_metrics"].poll_after_s) == (2, None)


def test_a_line_has_a_gap_between_attempts_and_the_readers_own_time() -> None:
    tried_again = MetricSeries.model_validate(series("loss", 3.0, None, 2.0, attempt=[1, 1, 2]))
    (line,) = figure(tried_again, ZoneInfo("Europe/Berlin"))["data"]
    assert line["y"] == [3.0, None, None, 2.0]
    assert line["x"][0] == "2026-01-01T13:00:00"
