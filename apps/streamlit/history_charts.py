"""Plotly figures of how jobs went: pure data, in the colours that mean the same on every page.

Each kind of bar has a pattern or a place of its own too, so that no colour is needed to tell them apart.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from headway.analytics import Curve, TaskFigures, Throughput
from headway.clock import parse_utc
from headway.quantities import duration

Figure = dict[str, Any]

#: Tasks of a chart; the table below has all of them.
TASKS_MAX = 12
# Seen on white and on black.
_GREEN, _RED, _GRAY, _BLUE, _ORANGE = "#2f9e63", "#dc4a41", "#8a94a6", "#3f7de8", "#d98a1f"
_HEIGHT_PX = 280
_TASK_PX = 44
# Longer and shorter ones cannot be read off one scale of equal steps.
_WIDE_RATIO = 50
# A lower failure rate is no reason for a scale that makes it look high.
_SHARE_MIN = 0.1
# Up to here each number of jobs has a tick.
_TICKS_MAX = 5
_MARGIN = {"t": 36, "r": 8, "b": 40, "l": 48}
_WITHOUT_LEGEND = _MARGIN | {"t": 12}


def throughput(figures: Throughput, zone: ZoneInfo) -> Figure:
    """How many jobs ended, by how they did, and how many came in."""
    x = starts(figures, zone)
    buckets = figures.buckets
    bars = [
        _bar("Finished", x, [one.finished for one in buckets], _GREEN),
        _bar("Failed", x, [one.failed for one in buckets], _RED, "x"),
        _bar("Canceled", x, [one.canceled for one in buckets], _GRAY, "/"),
    ]
    came = {
        "type": "scatter",
        "name": "Came in",
        "mode": "lines",
        "x": x,
        "y": [one.submitted for one in buckets],
        "line": {"color": _BLUE, "width": 1.5},
    }
    layout = _layout(barmode="stack", hovermode="x unified", xaxis=_time_axis(figures), yaxis=_count_axis(figures))
    return {"data": [*bars, came], "layout": layout}


def failure_rate(figures: Throughput, zone: ZoneInfo) -> Figure | None:
    """What failed of what finished or failed; a gap where nothing did, and None where nothing ever did."""
    if all(one.failure_rate is None for one in figures.buckets):
        return None
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": starts(figures, zone),
        "y": [one.failure_rate for one in figures.buckets],
        "line": {"color": _RED, "width": 2},
        "marker": {"size": 6},
        "hovertemplate": "%{x}<br>%{y:.0%} failed<extra></extra>",
    }
    highest = max(one.failure_rate or 0 for one in figures.buckets)
    # Zero stands a little above the edge, or its points were cut in half.
    top = max(_SHARE_MIN, min(highest * 1.1, 1.03))
    share = {"range": [-0.03 * top, top], "tickformat": ".0%", "fixedrange": True}
    return {"data": [line], "layout": _layout(margin=_WITHOUT_LEGEND, xaxis=_time_axis(figures), yaxis=share)}


def run_times(tasks: Sequence[TaskFigures]) -> Figure | None:
    """How long jobs of each task run: half of them, and 95 of 100, no longer than this; None where none finished."""
    shown = [task for task in tasks if task.run_s.p50 is not None]
    return _by_task(
        shown,
        ("Half of them within", [task.run_s.p50 for task in shown], _BLUE, ""),
        ("95 of 100 within", [task.run_s.p95 for task in shown], _ORANGE, "/"),
    )


def waits(tasks: Sequence[TaskFigures]) -> Figure | None:
    """The middle wait for a start against the middle run, of each task; None where none started."""
    shown = [task for task in tasks if task.wait_s.p50 is not None or task.run_s.p50 is not None]
    return _by_task(
        shown,
        ("Waited", [task.wait_s.p50 for task in shown], _GRAY, "/"),
        ("Ran", [task.run_s.p50 for task in shown], _BLUE, ""),
    )


def past_runs(curves: Sequence[Curve]) -> Figure:
    """Progress over active time, the newest run strong, those before it faint."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": curve.job_id,
            "x": [point.t_s for point in curve.points],
            "y": [point.percent for point in curve.points],
            "line": {"color": _BLUE if place == 0 else _GRAY, "width": 3 if place == 0 else 1.5},
            "opacity": 1 if place == 0 else 0.7,
            "hovertemplate": "%{y} % after %{x:.1f} s<br>job %{fullData.name}<extra></extra>",
        }
        for place, curve in enumerate(curves)
    ]
    seconds = {"title": {"text": "Seconds of active time"}, "rangemode": "tozero"}
    percent = {"range": [-3, 103], "ticksuffix": " %", "fixedrange": True}
    # The newest lies over the others.
    return {
        "data": lines[::-1],
        "layout": _layout(margin=_WITHOUT_LEGEND, showlegend=False, xaxis=seconds, yaxis=percent),
    }


def starts(figures: Throughput, zone: ZoneInfo) -> list[str]:
    """When each hour began in this zone; a day is one in UTC and has its date."""
    if figures.bucket == "day":
        return [one.start[:10] for one in figures.buckets]
    # Without its zone, since plotly would turn it into UTC.
    local = [datetime.fromtimestamp(parse_utc(one.start), zone).replace(tzinfo=None) for one in figures.buckets]
    return [moment.isoformat() for moment in local]


def _bar(name: str, x: list[str], y: list[int], color: str, pattern: str = "") -> dict[str, Any]:
    return {"type": "bar", "name": name, "x": x, "y": y, "marker": _filled(color, pattern)}


def _by_task(tasks: Sequence[TaskFigures], *series: tuple[str, list[float | None], str, str]) -> Figure | None:
    known = [value for _, values, _, _ in series for value in values[:TASKS_MAX] if value is not None]
    if not known:
        return None
    names = [task.task or "Jobs without a task" for task in tasks][:TASKS_MAX]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": values[:TASKS_MAX],
            "text": ["" if value is None else duration(value) for value in values[:TASKS_MAX]],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": "%{y}: %{text}<extra>%{fullData.name}</extra>",
            "marker": _filled(color, pattern),
        }
        for name, values, color, pattern in series
    ]
    wide = min(known) > 0 and max(known) / min(known) > _WIDE_RATIO
    layout = _layout(
        height=max(_HEIGHT_PX, 90 + _TASK_PX * len(names)),
        barmode="group",
        margin=_MARGIN | {"r": 56},
        xaxis={"title": {"text": "Seconds"}} | ({"type": "log", "dtick": 1} if wide else {"type": "linear"}),
        # The task with the most jobs at the top.
        yaxis={"autorange": "reversed", "automargin": True, "fixedrange": True},
    )
    return {"data": bars, "layout": layout}


def _filled(color: str, pattern: str) -> dict[str, Any]:
    return {
        "color": color,
        "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.6, "size": 6},
    }


def _time_axis(figures: Throughput) -> dict[str, Any]:
    return {
        "type": "date",
        "nticks": 5,
        "tickangle": 0,
        "automargin": True,
        "hoverformat": "%a %d %b" if figures.bucket == "day" else "%a %d %b, %H:%M",
    }


def _count_axis(figures: Throughput) -> dict[str, Any]:
    most = max((max(one.submitted, one.finished + one.failed + one.canceled) for one in figures.buckets), default=0)
    # plotly would put ticks between one job and the next.
    whole = {"dtick": 1} if most <= _TICKS_MAX else {}
    return {"rangemode": "tozero", "tickformat": ",d", "fixedrange": True} | whole


def _layout(**members: Any) -> dict[str, Any]:
    return {
        "height": _HEIGHT_PX,
        "margin": _MARGIN,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    } | members
