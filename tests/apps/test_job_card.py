"""What the card says of a snapshot."""

from datetime import UTC, datetime, timedelta

import pytest
from job_card import asked, card, nested_bars, percent
from job_view import JobView

from headway.snapshot import Snapshot


def snapshot(**members: object) -> Snapshot:
    return Snapshot.model_validate({"job_id": "j", "status": "running", **members})


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"percent": 42, "total": 10, "fraction": 0.42}, 42),
        ({"percent": 0, "total": 10, "fraction": 0.0}, 0),
        ({"percent": 0, "n": 120}, None),
        ({"percent": 20}, 20),
        ({"percent": 0, "status": "queued"}, 0),
        ({"percent": 0, "status": "finished"}, 100),
        ({"percent": 37, "status": "failed"}, 37),
        ({"percent": 37, "status": "canceled"}, 37),
    ],
)
def test_the_bar_is_unknown_without_a_total_and_full_at_the_end(members: dict[str, object], shown: int | None) -> None:
    assert percent(snapshot(**members)) == shown


def test_bars_stand_below_the_one_they_belong_to() -> None:
    bars = [{"id": 1, "desc": "folds"}, {"id": 2, "desc": "files"}, {"id": 3, "desc": "epochs", "parent": 1}]
    assert [(bar["name"], bar["depth"]) for bar in nested_bars(snapshot(bars=bars))] == [
        ("folds", 0),
        ("epochs", 1),
        ("files", 0),
    ]


NESTED = [{"id": 1, "desc": "folds"}, {"id": 2, "desc": "epochs", "parent": 1}]


@pytest.mark.parametrize(
    ("message", "names"), [("folds", ["epochs"]), ("", ["folds", "epochs"]), ("warming up", ["folds", "epochs"])]
)
def test_the_only_outer_bar_is_named_once(message: str, names: list[str]) -> None:
    assert [bar["name"] for bar in nested_bars(snapshot(bars=NESTED, message=message))] == names


def test_inside_the_only_outer_bar_of_a_job_that_ended_nothing_is_indented() -> None:
    (inner,) = nested_bars(snapshot(bars=NESTED, status="failed", message="error"))
    assert (inner["name"], inner["depth"]) == ("epochs", 0)


def test_a_bar_whose_parent_is_gone_is_shown_all_the_same() -> None:
    bars = [{"id": 1, "desc": "folds"}, {"id": 3, "desc": "epochs", "parent": 2}]
    assert [bar["name"] for bar in nested_bars(snapshot(bars=bars))] == ["folds", "epochs"]


def test_bars_that_name_each_other_as_parents_end() -> None:
    bars = [{"id": 1, "parent": 2}, {"id": 2, "parent": 1}, {"id": 3}, {"id": 4}]
    assert [bar["id"] for bar in nested_bars(snapshot(bars=bars))] == [3, 4]


def test_a_single_bar_does_not_repeat_the_main_one() -> None:
    assert nested_bars(snapshot(bars=[{"id": 1, "n": 3, "total": 7}])) == []


def test_what_is_unknown_is_left_out_of_the_facts() -> None:
    facts = card(snapshot(n=3, total=7, unit="files"))["facts"]
    assert {fact["label"]: fact["value"] for fact in facts} == {
        "Done": "3 of 7 files",
        "Time left": "estimating",
        "Attempt": "1",
    }


@pytest.mark.parametrize(
    ("message", "repeated"),
    [("3 of 7 files", True), ("chunk: 3 of 7 files", True), ("13 of 7 files", False), ("", False)],
)
def test_what_the_message_says_is_not_said_again(message: str, repeated: bool) -> None:
    facts = card(snapshot(n=3, total=7, unit="files", message=message))["facts"]
    assert ("Done" not in [fact["label"] for fact in facts]) is repeated


def test_a_job_that_ended_has_neither_rate_nor_time_left() -> None:
    facts = card(snapshot(status="finished", rate=12.5, eta_s=3, elapsed_s=61))["facts"]
    assert [fact["label"] for fact in facts] == ["Ran for", "Attempt"]


def test_a_request_is_shown_with_who_asked_until_it_is_acknowledged() -> None:
    pending = snapshot(control={"requested": "pause", "by": "ada", "at": "2026-01-01T12:00:00Z"})
    said = asked(JobView("j", pending), pending)["asked"]
    assert said == {"words": "Pause asked for by ada", "at": "2026-01-01T12:00:00Z", "acknowledged_at": ""}


PAUSED = {"status": "paused", "can": ["resume", "cancel"], "started_at": "2026-01-01T12:00:00Z", "paused_s": 60.0}


def test_a_paused_job_says_since_when_and_for_how_long_over_all_its_pauses() -> None:
    since = datetime.now(UTC) - timedelta(seconds=120)
    paused = card(snapshot(**PAUSED, rate=3.0, eta_s=10, n=4, total=8, updated_at=since.isoformat()))
    facts = {fact["label"]: fact["value"] for fact in paused["facts"]}
    assert paused["still_s"] == pytest.approx(180, abs=10)
    assert facts["Paused for"].startswith("3 min")
    assert (facts["Rate"], facts["Time left"]) == ("3/s", "about 10 s once resumed")
    assert {"label": "Paused since", "at": since.isoformat()} in paused["times"]


@pytest.mark.parametrize("members", [{"can": []}, {"control": {"requested": "resume"}}, {"updated_at": "yesterday"}])
def test_how_long_a_job_has_been_paused_is_not_said_where_it_is_not_known(members: dict[str, object]) -> None:
    assert card(snapshot(**PAUSED | members))["still_s"] is None


def test_a_job_that_was_paused_before_it_began_has_done_nothing() -> None:
    assert percent(snapshot(**PAUSED | {"started_at": None})) == 0
