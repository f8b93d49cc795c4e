"""What came of jobs today, for the Overview: one request now and then."""

from datetime import datetime, time

import streamlit as st
from history_parts import share
from live_log import reader_zone
from session import client

from headway.analytics import ThroughputBucket
from headway.errors import HeadwayError

_KEPT_S = 30
# Two of them fit beside each other on a phone.
_FIGURE_PX = 150


def draw_today() -> None:
    """How many jobs came in and ended since midnight; nothing where nobody keeps history."""
    midnight = datetime.combine(datetime.now(reader_zone()), time(), reader_zone())
    hours = _hours_since(client().url, midnight)
    if not hours:
        return
    finished, failed = sum(hour.finished for hour in hours), sum(hour.failed for hour in hours)
    figures = [
        ("Came in today", f"{sum(hour.submitted for hour in hours):,}"),
        ("Finished today", f"{finished:,}"),
        ("Failed today", f"{failed:,}"),
        ("Failure rate today", share(failed / (finished + failed) if finished + failed else None)),
    ]
    cells = st.grid(len(figures), min_column_width=_FIGURE_PX, gap="small")
    for label, value in figures:
        cells.cell().metric(label, value, border=True)


@st.cache_data(ttl=_KEPT_S, scope="session", show_spinner=False)
def _hours_since(url: str, midnight: datetime) -> list[ThroughputBucket]:
    """What happened in each hour; none where it cannot be read."""
    try:
        return client().throughput(since=midnight).buckets
    except HeadwayError:
        return []
