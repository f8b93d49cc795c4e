"""What a job measures, as small charts that grow while it runs.

Streamlit makes a chart anew whenever its data change, so what the browser has zoomed into would be gone at the next
value. Therefore a drag over a chart chooses a span of time, which is kept here and holds for all charts of the job.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from job_metrics import JobMetrics
from job_view import JobView
from live_log import reader_zone
from live_region import live_region
from plain_text import plain

from headway.client.answers import MetricSeries
from headway.clock import parse_utc

_SLOT = "job_metrics"
_HEIGHT_PX = 200
# Two of them fit beside each other on a laptop, one on a phone.
_WIDTH_PX = 300
# Each is drawn by the browser at every refresh.
_CHARTS_MAX = 12
_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom", "pan", "select", "zoomin", "zoomout", "resetscale", "autoscale"],
}


def live_metrics(view: JobView) -> None:
    """Draw a chart for each thing that the job measures, nothing where there is none, and keep them up to date."""
    metrics = st.session_state.get(_SLOT)
    if not isinstance(metrics, JobMetrics) or metrics.job is not view:
        metrics = st.session_state[_SLOT] = JobMetrics(view)
    live_region(metrics, _draw, key="live-metrics")


def figure(series: MetricSeries, zone: ZoneInfo, span: tuple[str, str] | None = None) -> dict[str, Any]:
    """A plotly figure of one series over the time in this zone, all of it or a span; a gap stands between attempts."""
    at, value = _points(series, zone)
    return {
        "data": [
            {
                "type": "scatter",
                # A line of one point is nothing.
                "mode": "lines" if len(series.at) > 1 else "markers",
                "x": at,
                "y": value,
                "hovertemplate": "%{y}<br>%{x|%H:%M:%S}<extra></extra>",
            }
        ],
        "layout": {
            "height": _HEIGHT_PX,
            "margin": {"t": 8, "r": 8, "b": 32, "l": 48},
            "xaxis": {"type": "date"} | ({} if span is None else {"range": span}),
            "dragmode": "select",
            "selectdirection": "h",
        },
    }


def _points(series: MetricSeries, zone: ZoneInfo) -> tuple[list[str], list[float | None]]:
    at: list[str] = []
    value: list[float | None] = []
    attempt = series.attempt[0] if series.attempt else 0
    for moment, number, tried in zip(series.at, series.value, series.attempt, strict=True):
        # Without its zone, since plotly would turn it into UTC.
        local = datetime.fromtimestamp(parse_utc(moment), zone).replace(tzinfo=None).isoformat()
        if tried != attempt:
            attempt = tried
            at.append(local)
            value.append(None)
        at.append(local)
        value.append(number)
    return at, value


def _draw(metrics: JobMetrics) -> None:
    if metrics.job.unknown:
        return
    _draw_trouble(metrics)
    if not metrics.series:
        return
    st.subheader("Metrics")
    zone = reader_zone()
    _draw_span(metrics)
    charts = st.grid(min_column_width=_WIDTH_PX, key="job-metrics")
    for series in metrics.series[:_CHARTS_MAX]:
        _draw_chart(charts.cell(), metrics, series, zone)
    if len(metrics.series) > _CHARTS_MAX:
        st.caption(f"{len(metrics.series) - _CHARTS_MAX} more are in the raw snapshot, with their latest values.")


def _draw_trouble(metrics: JobMetrics) -> None:
    if metrics.denied:
        st.warning(f"You may not see what it measures. {plain(metrics.problem)}", icon=":material/lock:")
    elif metrics.problem and not metrics.job.problem:
        st.info(
            f"What it measures cannot be read now; this page goes on asking. {plain(metrics.problem)}",
            icon=":material/cloud_off:",
        )


def _draw_span(metrics: JobMetrics) -> None:
    if metrics.span is None:
        st.caption("Drag over a chart to look at a span of time more closely.")
    else:
        st.button("Show all of the time", icon=":material/zoom_out_map:", key="metrics:all", on_click=_choose(metrics))


def _choose(metrics: JobMetrics, key: str = "") -> Callable[[], None]:
    """Have the charts go over what was dragged over on the chart with this key; over all there is without one."""

    def choose() -> None:
        if not key:
            metrics.span = None
        # A chart that is drawn anew says that nothing is selected in it.
        elif boxes := st.session_state[key].selection.box:
            metrics.span = (min(boxes[-1]["x"]), max(boxes[-1]["x"]))

    return choose


def _draw_chart(cell: Any, metrics: JobMetrics, series: MetricSeries, zone: ZoneInfo) -> None:
    latest = "not a number" if not series.value or series.value[-1] is None else f"{series.value[-1]:,.5g}"
    left_out = f", {series.dropped:,} values did not fit" if series.dropped else ""
    cell.markdown(f"**{plain(series.name)}** {plain(latest + left_out)}")
    key = f"metric:{series.name}"
    cell.plotly_chart(
        figure(series, zone, metrics.span),
        key=key,
        config=_CONFIG,
        on_select=_choose(metrics, key),
        selection_mode="box",
        alt=f"{series.name} over time",
    )
