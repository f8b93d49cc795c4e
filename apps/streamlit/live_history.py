"""How jobs went over a time, asked for again only while there is no answer."""

import streamlit as st
from history_parts import draw_charts, draw_table, draw_totals, draw_trouble, say_when
from history_view import HistoryFilters, HistoryView
from live_region import live_region
from session import client

_SLOT = "history_view"


def live_history(wanted: HistoryFilters) -> None:
    """Draw the figures of these jobs."""
    view = st.session_state.get(_SLOT)
    if not isinstance(view, HistoryView) or view.wanted != wanted:
        view = st.session_state[_SLOT] = HistoryView(wanted)
    if view.answered_s is None:
        with st.spinner("Reading history…"):
            view.refresh(client())
    live_region(view, _draw, key="live-history")


def _draw(view: HistoryView) -> None:
    draw_trouble(view)
    if view.report is None:
        return
    if view.empty:
        with st.container(border=True, horizontal_alignment="center", key="no-history"):
            st.markdown("No job came in or ended in this time.", width="content")
            st.page_link("app_pages/run.py", label="Run a task", icon=":material/play_arrow:", width="content")
    else:
        draw_totals(view.report.total)
        draw_charts(view)
        draw_table(view)
    say_when(view)
