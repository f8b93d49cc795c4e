"""Over which time and of which task history is shown, kept in the page's address."""

import streamlit as st
from history_view import SPANS, HistoryFilters
from job_filters import task_names

# Both fit beside each other on a phone.
_COLUMN_PX = 150


def draw_filters() -> HistoryFilters:
    """Draw the filters; what they ask for."""
    sides = st.grid(2, min_column_width=_COLUMN_PX)
    # Of a segmented control the chosen part cannot be read well in dark colours.
    span = sides.cell().selectbox("The last", list(SPANS), key="last", bind="query-params")
    task = sides.cell().selectbox(
        "Task",
        task_names(),
        index=None,
        key="of_task",
        bind="query-params",
        accept_new_options=True,
        placeholder="Any task",
    )
    return HistoryFilters(SPANS[span], task or None)
