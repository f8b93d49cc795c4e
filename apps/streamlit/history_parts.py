"""The parts of the History page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import history_charts
import pandas as pd
import streamlit as st
from history_view import HistoryView
from live_log import reader_zone
from plain_text import plain

from headway.analytics import TaskFigures, ThroughputBucket
from headway.quantities import duration

# Two charts beside each other on a laptop, one on a phone.
_CHART_PX = 420
_FIGURE_PX = 150
_CONFIG = {"displaylogo": False, "displayModeBar": False}


def draw_trouble(view: HistoryView) -> None:
    """Say why there is nothing to see, or nothing newer."""
    if view.denied:
        st.warning(f"You may not see this. {plain(view.problem)}", icon=":material/lock:")
    elif view.problem:
        known = " What is shown was read before." if view.report is not None else ""
        st.info(
            f"History cannot be read now; this page goes on asking.{known} {plain(view.problem)}",
            icon=":material/cloud_off:",
        )


def draw_totals(total: TaskFigures) -> None:
    """What came of all jobs together."""
    figures = [
        ("Ended", f"{total.jobs:,}"),
        ("Failure rate", share(total.failure_rate)),
        ("Median wait", _duration(total.wait_s.p50)),
        ("Median run", _duration(total.run_s.p50)),
    ]
    cells = st.grid(len(figures), min_column_width=_FIGURE_PX, gap="small")
    for label, value in figures:
        cells.cell().metric(label, value, border=True)


def draw_charts(view: HistoryView) -> None:
    """Every chart of what was read."""
    if view.throughput is None:
        return
    zone = reader_zone()
    cells = st.grid(2, min_column_width=_CHART_PX, gap="medium")
    by = f"by {view.throughput.bucket}" + (", days in UTC" if view.throughput.bucket == "day" else "")
    charts = [
        (f"Throughput {by}", "throughput", history_charts.throughput(view.throughput, zone)),
        (f"Failure rate {by}", "failures", history_charts.failure_rate(view.throughput, zone)),
        ("Run time by task", "run-times", history_charts.run_times(view.tasks)),
        ("Wait against run time, medians", "waits", history_charts.waits(view.tasks)),
    ]
    for title, key, figure in charts:
        _draw_chart(cells.cell(), title, key, figure)
    if view.curves_of is not None:
        _draw_runs(view)


def draw_table(view: HistoryView) -> None:
    """The figures of each task in numbers, and what can be taken home."""
    if not view.tasks or view.throughput is None:
        return
    st.subheader("In numbers")
    column = st.column_config
    figures = pd.DataFrame([row(task) for task in view.tasks])
    seconds = {name: column.NumberColumn(format="%.1f") for name in figures.columns if name.endswith(", s")}
    st.dataframe(
        figures,
        key="history-tasks",
        hide_index=True,
        height="content",
        placeholder="",
        column_config={"Failure rate": column.NumberColumn(format="percent")} | seconds,
        alt="Figures by task",
    )
    with st.container(horizontal=True):
        _draw_download("Tasks (CSV)", "tasks", as_csv(view.tasks))
        _draw_download("Throughput (CSV)", "throughput", as_csv(view.throughput.buckets))


def as_csv(figures: Sequence[TaskFigures | ThroughputBucket]) -> str:
    """A line for each, with the names that the API has for its members: `run_s.p95`."""
    return pd.json_normalize([one.model_dump() for one in figures]).to_csv(index=False)


def say_when(view: HistoryView) -> None:
    """As of when all of this is, and how to have it of now."""
    if view.answered_s is None:
        return
    at = datetime.fromtimestamp(view.answered_s, reader_zone())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"As of {at:%H:%M:%S}; it stands still, so that what you zoom into stays.", width="content")
        if st.button("Look again", icon=":material/refresh:", type="tertiary", key="history:again"):
            view.look_again()
            st.rerun()


def share(rate: float | None) -> str:
    """A rate in percent; a dash where there is none."""
    return "–" if rate is None else f"{rate:.0%}" if rate in {0, 1} else f"{rate:.1%}"


def row(task: TaskFigures) -> dict[str, Any]:
    """What the table says of a task."""
    return {
        "Task": task.task or "Jobs without a task",
        "Ended": task.jobs,
        "Finished": task.finished,
        "Failed": task.failed,
        "Canceled": task.canceled,
        "Failure rate": task.failure_rate,
        "Wait p50, s": task.wait_s.p50,
        "Wait p95, s": task.wait_s.p95,
        "Run p50, s": task.run_s.p50,
        "Run p95, s": task.run_s.p95,
    }


def _draw_runs(view: HistoryView) -> None:
    st.subheader("Past runs over each other")
    if not view.curves:
        st.caption(f"No run of {plain(view.curves_of or '')} that finished is recorded.")
        return
    runs = "The last run" if len(view.curves) == 1 else f"The last {len(view.curves)} runs"
    st.caption(
        f"{runs} of {plain(view.curves_of or '')} that finished, whenever that was; the newest is the strong line."
    )
    st.plotly_chart(
        history_charts.past_runs(view.curves), key="history-runs", config=_CONFIG, alt="Progress over active time"
    )


def _draw_chart(cell: Any, title: str, key: str, figure: history_charts.Figure | None) -> None:
    cell.subheader(title)
    if figure is None:
        cell.caption("No job that ended tells this.")
    else:
        cell.plotly_chart(figure, key=f"history-{key}", config=_CONFIG, alt=title)


def _draw_download(label: str, name: str, text: str) -> None:
    st.download_button(
        label,
        text,
        file_name=f"headway-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"history-csv:{name}",
    )


def _duration(seconds: float | None) -> str:
    return "–" if seconds is None else duration(seconds)
