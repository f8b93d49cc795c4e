"""The states of a job: their sets, and which may follow which."""

import pytest

from headway.status import ACTIVE_STATUSES, TERMINAL_STATUSES, Status

# One row a status, one letter a status that it may become: the first letters, Q(ueued) S(tarted) R(unning) P(aused),
# and the ends C(anceled) X (failed) F(inished).
LETTERS = dict(zip("QSRPCXF", Status, strict=True))
TABLE = {
    Status.QUEUED: "QSPCX",
    Status.STARTED: "QSRPCXF",
    Status.RUNNING: "QRPCXF",
    Status.PAUSED: "QSRPCXF",
    Status.CANCELED: "Q",
    Status.FAILED: "Q",
    Status.FINISHED: "Q",
}


def test_the_letters_stand_for_what_they_say() -> None:
    assert {letter: status.value for letter, status in LETTERS.items()} == {
        "Q": "queued", "S": "started", "R": "running", "P": "paused", "C": "canceled", "X": "failed", "F": "finished",
    }  # fmt: skip


@pytest.mark.parametrize("status", Status)
def test_a_status_may_become_what_the_table_says_and_nothing_else(status: Status) -> None:
    assert {later for later in Status if status.may_become(later)} == {LETTERS[letter] for letter in TABLE[status]}


def test_the_sets_are_the_ends_and_those_that_a_worker_has() -> None:
    assert {"finished", "failed", "canceled"} == TERMINAL_STATUSES
    assert {"started", "running", "paused"} == ACTIVE_STATUSES
    assert [status for status in Status if status.terminal] == ["canceled", "failed", "finished"]
