"""A job's log on its page: what it says in each state, and what it asks."""

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi, problem, shot

AT = "2026-01-01T12:00:00.000Z"


def line(text: str, **members: Any) -> dict[str, Any]:
    return {"at": AT, "attempt": 1, "line": text, "dropped": 0, **members}


def log_page(api: ScriptedApi, *lines: dict[str, Any], after: str, more: bool = False, over: bool = False) -> None:
    """Answer the next request for the log of j1 with these lines."""
    answer = {"lines": list(lines), "next": after, "more": more, "over": over}
    api.answer("GET", "/jobs/j1/logs", 200, answer)


def asked_after(api: ScriptedApi) -> list[str | None]:
    """From where each request for the log went on."""
    return [seen.query.get("after") for seen in api.seen if seen.path == "/jobs/j1/logs"]


def code(app: AppTest) -> list[str]:
    """The texts shown as code, apart from the page's address."""
    return [block.value for block in app.code if "job?job=" not in block.value]


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def test_each_refresh_asks_once_for_the_lines_that_follow(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    log_page(scripted_api, line("one <b>*bold*</b>"), after="1-0")
    log_page(scripted_api, line("two"), line("again", attempt=2), after="3-0")
    log_page(scripted_api, after="3-0")
    app = open_page(scripted_api.url, "job", job="j1")
    first = "12:00:00  one <b>*bold*</b>"
    assert code(app) == [first]
    app.run()
    assert code(app) == [f"{first}\n12:00:00  two\n── attempt 2 ──\n12:00:00  again"]
    app.run()
    assert asked_after(scripted_api) == [None, "1-0", "3-0"]
    assert "3 lines." in captions(app)


def test_a_log_that_was_read_to_its_end_is_no_longer_refreshed(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    log_page(scripted_api, line("one"), after="1-0")
    log_page(scripted_api, line("last"), after="2-0", over=True)
    app = open_page(scripted_api.url, "job", job="j1")
    assert app.session_state["job_log"].poll_after_s is not None
    scripted_api.put(shot(2, "finished"))
    app.run()
    assert app.session_state["job_log"].poll_after_s is None


def test_only_the_newest_lines_are_kept_and_the_rest_is_counted(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    log_page(scripted_api, *(line(f"l{n}") for n in range(1_200)), after="1-0", more=True)
    log_page(scripted_api, line("7 lines did not fit", dropped=7), after="2-0")
    app = open_page(scripted_api.url, "job", job="j1")
    assert "The last 500 of 1,200 lines. Later ones are still being read." in captions(app)
    app.run()
    shown = code(app)[0].splitlines()
    assert (len(shown), shown[0], shown[-1]) == (500, "12:00:00  l701", "12:00:00  7 lines did not fit")
    assert "The last 500 of 1,201 lines. 7 more did not fit and were dropped." in captions(app)


def test_an_empty_log_says_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    log_page(scripted_api, after="0-0")
    log_page(scripted_api, after="0-0", over=True)
    app = open_page(scripted_api.url, "job", job="j1")
    assert (code(app), captions(app)[0]) == ([], "Nothing is logged yet.")
    scripted_api.put(shot(2, "finished", result=1))
    assert "Nothing was logged." in captions(app.run())


def test_who_may_not_see_a_log_is_told_so(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1))
    scripted_api.answer("GET", "/jobs/j1/logs", 403, problem("forbidden", "not yours"))
    app = open_page(scripted_api.url, "job", job="j1")
    assert app.warning[0].value.startswith("You may not see this log.")
    assert code(app) == []


def test_a_log_that_cannot_be_read_now_keeps_what_was_read_and_goes_on_there(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    scripted_api.put(shot(1))
    log_page(scripted_api, line("one"), after="1-0")
    scripted_api.answer("GET", "/jobs/j1/logs", 503, problem("unavailable", "history does not answer"))
    log_page(scripted_api, line("two"), after="2-0")
    app = open_page(scripted_api.url, "job", job="j1")
    app.run()
    assert app.info[0].value.startswith("The log cannot be read now; this page goes on asking. What is shown was read")
    assert code(app) == ["12:00:00  one"]
    app.run()
    assert (len(app.info), code(app)) == (0, ["12:00:00  one\n12:00:00  two"])
    assert asked_after(scripted_api) == [None, "1-0", "1-0"]


def test_a_failed_job_has_the_end_of_its_log_beside_its_error(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.put(shot(1, "failed", error={"type": "ValueError", "detail": "chunk 3 is empty"}))
    log_page(scripted_api, *(line(f"l{n}") for n in range(30)), line("x" * 4_000), after="1-0", over=True)
    app = open_page(scripted_api.url, "job", job="j1")
    beside, whole = code(app)
    assert beside.splitlines()[:-1] == [f"12:00:00  l{n}" for n in range(21, 30)]
    assert len(beside.splitlines()[-1]) < 400
    assert len(whole.splitlines()) == 31
    assert asked_after(scripted_api) == [None]


def test_a_job_that_nobody_knows_has_no_log(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    app = open_page(scripted_api.url, "job", job="j1")
    assert "Log" not in [heading.value for heading in app.subheader]
    assert asked_after(scripted_api) == []
