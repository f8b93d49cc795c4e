"""The chart of what a job measures, and the short commands of a cell."""

from collections.abc import Iterator

import pytest
from IPython.core.error import UsageError

from headway.client import Client
from headway.notebook import live_chart
from headway.notebook.magic import headway
from headway.notebook.watching import default_client
from headway.settings import get_settings
from tests.headway.scripted_api import ScriptedApi, problem, shot
from tests.wait import wait_for


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """The API that the settings name."""
    with ScriptedApi() as server:
        monkeypatch.setenv("HEADWAY_API_URL", server.url)
        get_settings.cache_clear()
        default_client.cache_clear()
        yield server
    default_client().close()
    default_client.cache_clear()
    get_settings.cache_clear()


def test_a_chart_grows_by_what_the_job_measures(api: ScriptedApi) -> None:
    api.put(shot(1, metrics={"loss": 1.0}, elapsed_s=0.5))
    with Client(api.url) as client:
        chart = live_chart("j1", client=client)
        wait_for(lambda: chart.series == {"loss": [(0.5, 1.0)]}, 10, "the first value is there")
        api.put(shot(2, metrics={"loss": 1.0}, elapsed_s=0.6, message="nothing new"))
        api.put(shot(3, "finished", metrics={"loss": 0.25, "odd": None}, elapsed_s=1.5))
        wait_for(lambda: len(chart.series["loss"]) == 2, 10, "the second value is there")
    assert chart.series == {"loss": [(0.5, 1.0), (1.5, 0.25)], "odd": []}


def test_a_new_attempt_begins_the_chart_anew(api: ScriptedApi) -> None:
    api.put(shot(1, metrics={"loss": 1.0}, elapsed_s=5))
    with Client(api.url) as client:
        chart = live_chart("j1", client=client)
        wait_for(lambda: "loss" in chart.series, 10, "the first value is there")
        api.put(shot(2, "finished", attempt=2, metrics={"loss": 3.0}, elapsed_s=0.1))
        wait_for(lambda: chart.series == {"loss": [(0.1, 3.0)]}, 10, "only the new attempt's value is there")


def test_a_job_is_paused_by_a_short_command(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    paused = shot(2, "paused", percent=20, total=5, can=["resume"])
    api.answer("POST", "/jobs/j1/pause", 200, paused.model_dump(mode="json"))
    headway("pause j1")
    assert capsys.readouterr().out.startswith("job j1: paused 20 %")


def test_jobs_are_listed(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.answer("GET", "/jobs", 200, {"jobs": [shot(1, percent=7, total=9).model_dump(mode="json")], "next": None})
    headway("ls")
    assert capsys.readouterr().out == "job j1: running 7 %\n"


def test_a_refusal_is_a_sentence_and_no_traceback(api: ScriptedApi) -> None:
    api.answer("POST", "/jobs/j1/pause", 409, problem("conflict", "job j1 is over"))
    with pytest.raises(UsageError, match="job j1 is over"):
        headway("pause j1")


@pytest.mark.parametrize("line", ["", "dance j1", "pause", "ls j1", "watch", 'pause "j1'])
def test_what_is_no_command_is_answered_with_those_there_are(line: str) -> None:
    with pytest.raises(UsageError, match=r"%headway ls"):
        headway(line)
