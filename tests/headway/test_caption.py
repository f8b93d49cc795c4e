"""A snapshot in words."""

from typing import Any

import pytest

from headway import caption
from headway.snapshot import Control, JobError, Snapshot
from headway.status import Status


def shot(status: str = "running", **members: Any) -> Snapshot:
    return Snapshot(job_id="j1", status=Status(status), **members)


@pytest.mark.parametrize(
    ("snapshot", "drawn", "said"),
    [
        (shot("queued"), 0, "0 %"),
        (shot(percent=40, fraction=0.4, total=5), 40, "40 %"),
        (shot(percent=100), 99, "99 %"),
        (shot("failed", percent=100), 99, "99 %"),
        (shot("finished", percent=0), 100, "100 %"),
        (shot(n=7), 0, ""),
        (shot("paused", n=7), 0, ""),
    ],
)
def test_a_bar_is_full_for_finished_alone_and_an_unknown_percent_is_not_said(
    snapshot: Snapshot, drawn: int, said: str
) -> None:
    assert caption.bar_percent(snapshot) == drawn
    assert caption.percent(snapshot) == said


@pytest.mark.parametrize(
    ("snapshot", "headline", "last_words"),
    [
        (shot(message="2 of 5", desc="rows"), "2 of 5", ""),
        (shot(desc="rows"), "rows", ""),
        (
            shot("failed", message="error", task="profile", error=JobError(type="ValueError")),
            "profile failed: ValueError",
            "",
        ),
        (shot("failed", message="disk full", error=JobError(type="OSError")), "The job failed: OSError", "disk full"),
        (shot("failed", task="profile"), "profile failed", ""),
    ],
)
def test_a_failed_job_says_what_failed_and_keeps_its_last_words(
    snapshot: Snapshot, headline: str, last_words: str
) -> None:
    assert caption.headline(snapshot) == headline
    assert caption.last_words(snapshot) == last_words


def test_only_a_job_at_work_with_an_unknown_total_is_indeterminate() -> None:
    assert caption.indeterminate(shot(n=7))
    assert not caption.indeterminate(shot("paused", n=7))
    assert not caption.indeterminate(shot(n=0, total=7, fraction=0.0))


@pytest.mark.parametrize(
    ("snapshot", "facts"),
    [
        (shot(), []),
        (shot(n=2, total=5, unit="it"), ["2 of 5"]),
        (shot(n=120_000, total=336_776, unit="rows"), ["120,000 of 336,776 rows"]),
        (shot(n=0.25, total=1.5, unit="GB"), ["0.25 of 1.5 GB"]),
        (shot(n=7, unit="rows", rate=1234.5), ["7 rows", "1,234 rows/s"]),
        (shot(rate=0.333, eta_s=61.2), ["3 s each", "about 1 min 1 s left"]),
        (shot(eta_s=0.2), ["about 0.2 s left"]),
        (shot(eta_s=60, eta_range_s=(30, 90)), ["30 s – 1 min 30 s left"]),
        (shot("finished", n=5, total=5, rate=2, eta_s=0), ["5 of 5"]),
        (shot("queued", position=0), ["next in the queue"]),
        (shot("queued", position=3, wait_s=7.4), ["3 ahead in the queue, about 7 s"]),
        (shot(control=Control(requested="pause")), ["pause asked for"]),
    ],
)
def test_the_facts_say_what_is_known_and_nothing_else(snapshot: Snapshot, facts: list[str]) -> None:
    assert caption.facts(snapshot) == facts


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"status": "running"}, "estimating"),
        ({"status": "running", "eta_s": 82}, "about 1 min 22 s"),
        ({"status": "running", "eta_s": 82, "eta_range_s": [71, 96]}, "1 min 11 s – 1 min 36 s"),
        ({"status": "paused", "eta_s": 82}, "about 1 min 22 s once resumed"),
        ({"status": "paused"}, "paused"),
        ({"status": "finished", "eta_s": 0}, None),
        ({"status": "queued"}, None),
    ],
)
def test_the_time_left_is_a_range_while_it_is_uncertain(members: dict[str, object], words: str | None) -> None:
    assert caption.time_left(Snapshot.model_validate({"job_id": "j", **members})) == words
