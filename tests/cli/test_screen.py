"""What is drawn of jobs on terminals of different sizes."""

import io

from rich.console import Console

from headway.cli import screen
from headway.cli.following import Followed
from headway.errors import JobNotFound
from headway.snapshot import Bar, Snapshot
from headway.status import Status

BARS = [
    Bar(id=1, desc="files", n=1, total=3, unit="files", percent=33, fraction=1 / 3),
    Bar(id=2, parent=1, desc="rows", n=12, unit="rows"),
    Bar(id=3, parent=1, desc="all done", n=3, total=3, percent=100, fraction=1.0),
]


def job(job_id: str, status: Status, message: str = "busy") -> Followed:
    return Followed(
        job_id, Snapshot(job_id=job_id, status=status, percent=40, n=4, total=10, message=message, bars=BARS)
    )


def drawn(jobs: list[Followed], width: int, height: int = 40) -> list[str]:
    """The lines of the screen; no line may be wider than it is."""
    console = Console(width=width, height=height, force_terminal=True, color_system=None, file=io.StringIO())
    with console.capture() as capture:
        console.print(screen.draw(jobs, console))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert max(map(len, lines)) <= width
    return lines


def test_bars_inside_stand_below_their_job_while_it_is_under_way() -> None:
    lines = drawn([job("j1", Status.RUNNING), job("j2", Status.FAILED)], 140)
    assert [line.split()[0] for line in lines] == ["j1", "files", "rows", "all", "j2"]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 4, 0]
    assert lines[1].endswith(" 33 % 1 of 3 files")
    # Nobody knows how far, and the job's own bar alone says 100.
    assert "%" not in lines[2]
    assert lines[3].endswith(" 99 % 3 of 3")


def test_facts_go_below_the_bar_where_there_is_no_place_beside_it() -> None:
    assert drawn([job("j1", Status.PAUSED)], 140)[0].endswith(" 40 % paused · 4 of 10 · busy")
    narrow = drawn([job("j1", Status.PAUSED)], 80)
    assert narrow[0].endswith(" 40 % paused")
    assert narrow[1] == "  4 of 10 · busy"


def test_a_text_too_long_or_too_wide_is_cut_in_its_line() -> None:
    lines = drawn([job("j1", Status.RUNNING, "宽" * 200)], 60)
    assert len(lines) == 5
    assert lines[1].endswith("…")


def test_what_does_not_fit_is_counted() -> None:
    jobs = [job("j1", Status.FINISHED), *(job(f"j{n}", Status.RUNNING) for n in range(2, 7))]
    # Each with its facts below, then without, then with what is over left to the count.
    assert [line.split()[0] for line in drawn(jobs, 80, 13)] == [f for n in range(1, 7) for f in (f"j{n}", "4")]
    assert [line.split()[0] for line in drawn(jobs, 80, 7)] == [f"j{n}" for n in range(1, 7)]
    low = drawn(jobs, 80, 5)
    assert [line.split()[0] for line in low] == ["j2", "j3", "j4", "and"]
    assert low[-1] == "and 3 more: 2 running, 1 finished"


def test_what_is_wrong_with_a_job_is_said_in_its_place() -> None:
    lines = drawn([Followed("j1"), Followed("j2", away_s=5), Followed("j3", error=JobNotFound("j3"))], 80)
    assert lines == ["j1 connecting…", "j2 no answer from the API for 5 s, still trying", "j3 job not found"]
