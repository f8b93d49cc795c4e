"""How a job went on over the time of day, with its pauses shaded, and its changes of state as a list."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from job_past import JobPast, changes
from job_view import JobView
from live_log import reader_zone
from live_region import live_region
from plain_text import plain

from headway.analytics import Event
from headway.clock import parse_utc, utc_now
from headway.status import Status

_SLOT = "job_past"
_HEIGHT_PX = 220
# Hovered over, but not zoomed: it is drawn anew while the job runs.
_CONFIG = {"displaylogo": False, "displayModeBar": False}
_WORDS = {
    Status.QUEUED: "Waits in its queue",
    Status.STARTED: "Started",
    Status.RUNNING: "Runs",
    Status.PAUSED: "Paused",
    Status.FINISHED: "Finished",
    Status.FAILED: "Failed",
    Status.CANCELED: "Canceled",
}


def live_past(view: JobView) -> None:
    """Draw what happened to the job, nothing while it is not known, and keep it up to date."""
    past = st.session_state.get(_SLOT)
    if not isinstance(past, JobPast) or past.job is not view:
        past = st.session_state[_SLOT] = JobPast(view)
    live_region(past, _draw, key="live-past")


def figure(events: list[Event], zone: ZoneInfo, now: str) -> dict[str, Any]:
    """Percent over the time in this zone; `now` (RFC 3339) is where a pause that has not ended is shaded to."""
    line = {
        "type": "scatter",
        "mode": "lines",
        # A job stands where it is until it says something else.
        "line": {"shape": "hv", "width": 2, "color": "#3f7de8"},
        "x": [_local(event.at, zone) for event in events],
        "y": [None if event.status is Status.QUEUED else event.percent for event in events],
        "hovertemplate": "%{y} %<br>%{x|%H:%M:%S}<extra></extra>",
    }
    shades = [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": _local(since, zone),
            "x1": _local(until, zone),
            "y0": 0,
            "y1": 1,
            "line": {"width": 0},
            "fillcolor": "#d98a1f",
            "opacity": 0.25,
            "label": {"text": "paused", "textposition": "top center"},
        }
        for since, until in pauses(events, now)
    ]
    layout = {
        "height": _HEIGHT_PX,
        "margin": {"t": 8, "r": 8, "b": 32, "l": 48},
        "xaxis": {"type": "date", "fixedrange": True, "nticks": 5, "tickangle": 0, "automargin": True},
        "yaxis": {"range": [-3, 103], "ticksuffix": " %", "fixedrange": True},
        "shapes": shades,
    }
    return {"data": [line], "layout": layout}


def pauses(events: list[Event], now: str) -> list[tuple[str, str]]:
    """From when to when the job stood still; until `now` where it still does."""
    changed = changes(events)
    ends = [event.at for event in changed[1:]] + [now]
    return [(event.at, end) for event, end in zip(changed, ends, strict=True) if event.status is Status.PAUSED]


def story(events: list[Event], zone: ZoneInfo) -> list[dict[str, Any]]:
    """A row for each change of state, the way it is read aloud."""
    rows = []
    before: Event | None = None
    for event in changes(events):
        resumed = before is not None and before.status is Status.PAUSED and not event.status.terminal
        said = "Resumed" if resumed and event.attempt == before.attempt else _WORDS[event.status]
        at = datetime.fromtimestamp(parse_utc(event.at), zone)
        rows.append(
            {"When": f"{at:%d %b %Y, %H:%M:%S}", "Attempt": event.attempt, "What": said, "At": f"{event.percent} %"}
        )
        before = event
    return rows


def _draw(past: JobPast) -> None:
    events = past.events
    if past.job.unknown or (not events and not past.problem):
        return
    st.subheader("What happened")
    if past.problem:
        st.caption(f"It cannot be read now. {plain(past.problem)}")
    if len(events) < 2:
        return
    zone = reader_zone()
    st.plotly_chart(figure(events, zone, utc_now()), key="job-past", config=_CONFIG, alt="Progress over time")
    # Not sent again and again to a page that does not show it.
    listed = st.expander("Changes of state", icon=":material/list:", key="job-story", on_change="rerun")
    if listed.open:
        listed.dataframe(pd.DataFrame(story(events, zone)), hide_index=True, height="content", alt="Changes of state")


def _local(at: str, zone: ZoneInfo) -> str:
    # Without its zone, since plotly would turn it into UTC.
    return datetime.fromtimestamp(parse_utc(at), zone).replace(tzinfo=None).isoformat()
