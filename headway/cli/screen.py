"""Followed jobs on a terminal: a live bar each, the bars inside below it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from headway import caption
from headway.cli import lines
from headway.cli.following import Followed
from headway.quantities import count, duration
from headway.snapshot import Bar, Snapshot
from headway.status import ACTIVE_STATUSES, Status

_AWAY_S = 2.0
_NAME_MAX = 40
_BAR_WIDTH = 24
_PERCENT_WIDTH = 5
#: Columns from which on all that is to be said of a job has place beside its bar; else it goes below.
_WIDE = 130
_INDENT_MAX = 4
_STYLES = {Status.FINISHED: "green", Status.FAILED: "red", Status.CANCELED: "yellow", Status.PAUSED: "yellow"}


@dataclass(frozen=True)
class Line:
    """One line of the screen: a name, a bar (None is none), a percent in words, and the rest."""

    name: str
    bar: ProgressBar | None = None
    percent: str = ""
    rest: Text = field(default_factory=Text)


def console() -> Console:
    """The terminal that stdout is."""
    return Console(highlight=False, markup=False, emoji=False)


def draw(jobs: Sequence[Followed], console: Console) -> Group:
    """The jobs as they are now, each with its nested bars below it while it is under way.

    In a terminal that is too low for all, nested bars are left out first, then what else there is to say, then jobs,
    those that are over first.
    """
    wide = console.width >= _WIDE
    # The cursor stands on the last line.
    height = max(console.height - 1, 1)
    shown = [line for job in jobs for line in [*_job(job, wide), *_inside(job)]]
    if len(shown) > height:
        shown = [line for job in jobs for line in _job(job, wide)]
    if len(shown) > height:
        shown = [line for job in jobs for line in _job(job, wide)[:1]]
    if len(shown) > height:
        first = sorted(jobs, key=lambda job: job.over)
        shown = [*(_job(job, wide)[0] for job in first[: height - 1]), _others(first[height - 1 :])]
    return _group(shown)


def draw_ended(jobs: Sequence[Followed], console: Console) -> Group:
    """The jobs without their nested bars, and none left out."""
    return _group([line for job in jobs for line in _job(job, console.width >= _WIDE)])


def _group(shown: Sequence[Line]) -> Group:
    name_width = min(max((cell_len(line.name) for line in shown if line.bar is not None), default=0), _NAME_MAX)
    return Group(*(_drawn(line, name_width) for line in shown))


def _drawn(line: Line, name_width: int) -> RenderableType:
    if line.bar is None:
        return Text(line.name, no_wrap=True, overflow="ellipsis").append_text(line.rest)
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", width=name_width)
    table.add_column(width=_BAR_WIDTH)
    table.add_column(no_wrap=True, justify="right", width=_PERCENT_WIDTH)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_row(Text(line.name), line.bar, Text(line.percent), line.rest)
    return table


def _job(job: Followed, wide: bool) -> list[Line]:
    snapshot = job.snapshot
    trouble = _trouble(job)
    if snapshot is None:
        return [Line(f"{job.job_id} ", rest=Text(trouble or "connecting…", style="red" if trouble else ""))]
    style = _STYLES.get(snapshot.status, "cyan")
    facts = " · ".join(part for part in (trouble, *lines.said(snapshot)) if part)
    beside = Text.assemble((snapshot.status.value, style), f" · {facts}" if facts and wide else "")
    bar = _bar(None if caption.indeterminate(snapshot) else caption.bar_percent(snapshot), style)
    drawn = [Line(lines.name(snapshot), bar, caption.percent(snapshot), beside)]
    return drawn if wide or not facts else [*drawn, Line("  ", rest=Text(facts))]


def _trouble(job: Followed) -> str:
    if job.error is not None:
        return lines.clean(job.error)
    return f"no answer from the API for {duration(job.away_s)}, still trying" if job.away_s >= _AWAY_S else ""


def _inside(job: Followed) -> list[Line]:
    snapshot = job.snapshot
    if snapshot is None or job.over:
        return []
    return [_nested(bar, depth, snapshot) for bar, depth in lines.nested(snapshot)]


def _nested(bar: Bar, depth: int, snapshot: Snapshot) -> Line:
    unknown = bar.total is None and bar.fraction is None and snapshot.status in ACTIVE_STATUSES
    moving = unknown and snapshot.status is not Status.PAUSED
    # The job's own bar alone says 100, and only when it is finished.
    percent = min(bar.percent, 99)
    indent = "  " * (min(depth, _INDENT_MAX) + 1)
    return Line(
        indent + lines.clean(bar.desc or f"bar {bar.id}", 100),
        _bar(None if moving else percent, "blue"),
        "" if unknown else f"{percent} %",
        Text(lines.clean(count(bar.n, bar.total, bar.unit))),
    )


def _bar(percent: int | None, style: str) -> ProgressBar:
    """A bar; None is one that moves and measures nothing."""
    return ProgressBar(
        total=100,
        completed=percent or 0,
        pulse=percent is None,
        width=_BAR_WIDTH,
        complete_style=style,
        finished_style=style,
        pulse_style=style,
    )


def _others(jobs: Sequence[Followed]) -> Line:
    states = Counter("not seen yet" if job.snapshot is None else job.snapshot.status.value for job in jobs)
    said = ", ".join(f"{n} {state}" for state, n in states.items())
    return Line(f"and {len(jobs)} more: {said}")
