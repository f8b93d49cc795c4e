"""The verdict on a run finds what must not happen."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import verdict
from tests.chaos.chronicle import Event
from tests.chaos.jobs import computed
from tests.chaos.orders import Order

PARAMS: dict[str, Any] = {"seed": 1, "count": 3}
Story = list[Event]


def event(seq: int, status: str, attempt: int = 1, began: str | None = "10:00", **error: str) -> Event:
    snapshot = {"seq": seq, "attempt": attempt, "status": status, "started_at": began, "error": error or None}
    snapshot["result"] = computed("be_quick", PARAMS) if status == "finished" else None
    over = status in {"finished", "failed", "canceled"}
    ended = {"attempt": attempt, "status": status, "worker": "worker-0-1", "error": error or None} if over else None
    return Event(f"{seq}-0", seq, "a", json.dumps(snapshot).encode(), ended, None, snapshot)


def story() -> Story:
    """A job whose first attempt failed with its worker, and whose second one finished."""
    return [
        event(1, "queued", began=None),
        event(2, "started"),
        event(3, "failed", type="WorkerLost", detail=""),
        event(4, "queued", attempt=2, began=None),
        event(5, "started", attempt=2, began="10:01"),
        event(6, "finished", attempt=2, began="10:01"),
    ]


def faults(events: Story, folder: Path, *, killed: bool = True) -> list[str]:
    order = Order("order-1", "be_quick", PARAMS | {"trace": str(folder / "1.ran")})
    job = verdict.History("a", events, order)
    asked: Counter[tuple[str, str]] = Counter()
    return [
        *verdict.written_rightly(job),
        *verdict.begun_once(job),
        *verdict.ended_truly(job, asked, {"worker-0-1"} if killed else set(), set()),
        *verdict.asked_once(job, asked),
        *verdict.alone(job),
    ]


def last_again(events: Story) -> Story:
    return [*events, replace(events[-1], snapshot=events[-1].snapshot | {"seq": 7})]


def other_result(events: Story) -> Story:
    return [*events[:-1], replace(events[-1], snapshot=events[-1].snapshot | {"result": "another"})]


def killed_horse(events: Story) -> Story:
    return [*events[:2], event(3, "failed", type="WorkHorseKilled", detail=""), *events[3:]]


def begun_again(events: Story) -> Story:
    return [*events[:2], event(3, "started", began="10:02"), *(replace(one, snapshot=one.snapshot | {
        "seq": one.seq + 1}) for one in events[2:])]  # fmt: skip


def asked_for(events: Story) -> Story:
    return [replace(events[0], action={"asked": "pause"}), *events[1:]]


def test_a_job_that_went_well_has_no_fault(tmp_path: Path) -> None:
    assert faults(story(), tmp_path) == []


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda events: events[:-1], "it is started, and so not over"),
        (lambda events: events[1:], "it begins with seq 2"),
        (lambda events: [*events[:1], *events[2:]], "seq 3 was written after 1"),
        (lambda events: [*events[:2], *events[3:]], "attempt 2 began before the end of the one before"),
        (last_again, "seq 7 (finished) was written after the end of its attempt"),
        (last_again, "attempts ended more than once: {2: 2}"),
        (begun_again, "attempt 1 was begun at 10:02 while it was under way since 10:00"),
        (other_result, "its result is 'another', not "),
        (killed_horse, "a work-horse of worker-0-1 was called killed, and nobody had killed it"),
        (asked_for, "pause was asked for 0 times and done 1 times"),
        (lambda events: [*events[:-1], event(6, "canceled", attempt=2, began="10:01")], "nobody asked for it"),
    ],
)
def test_what_must_not_happen_is_found(tmp_path: Path, spoil: Callable[[Story], Story], found: str) -> None:
    assert any(found in fault for fault in faults(spoil(story()), tmp_path))


def test_a_worker_that_lives_is_not_to_be_called_lost(tmp_path: Path) -> None:
    assert "worker-0-1 was called lost, and it lived: " in faults(story(), tmp_path, killed=False)


def test_two_processes_at_one_job_are_found(tmp_path: Path) -> None:
    (tmp_path / "1.twice").touch()
    assert faults(story(), tmp_path) == ["two processes were at it at once"]
