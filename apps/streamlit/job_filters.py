"""The filters of a list of jobs, kept in the page's address."""

import streamlit as st
from jobs_view import JobFilters
from session import client

from headway.errors import HeadwayError
from headway.status import Status

# Two of them fit beside each other on a phone.
_COLUMN_PX = 150
_TASKS_KEPT_S = 30


def draw_filters() -> JobFilters:
    """Draw the filters; what they let through."""
    statuses = st.pills(
        "Status",
        [status.value for status in Status],
        selection_mode="multi",
        format_func=str.capitalize,
        key="status",
        bind="query-params",
    )
    sides = st.grid(4, min_column_width=_COLUMN_PX)
    search = sides.cell().text_input("Search", key="search", bind="query-params", placeholder="Id, task, message")
    task = sides.cell().selectbox(
        "Task",
        task_names(),
        index=None,
        key="of_task",
        bind="query-params",
        accept_new_options=True,
        placeholder="Any task",
    )
    queue = sides.cell().text_input("Queue", key="queue", bind="query-params", placeholder="Any queue")
    owner = sides.cell().text_input("Owner", key="owner", bind="query-params", placeholder="Anybody's")
    return JobFilters(
        statuses=tuple(Status(status) for status in statuses),
        task=task or None,
        queue=queue.strip() or None,
        owner=owner.strip() or None,
        search=search.strip() or None,
    )


def clear_filters() -> None:
    """Let everything through; for a button's callback."""
    st.session_state["status"] = []
    st.session_state["of_task"] = None
    st.session_state["queue"] = st.session_state["owner"] = st.session_state["search"] = ""


def task_names() -> list[str]:
    """The tasks that there are to choose from, asked for now and then."""
    return _tasks_of(client().url)


@st.cache_data(ttl=_TASKS_KEPT_S, scope="session", show_spinner=False)
def _tasks_of(url: str) -> list[str]:
    """The names to choose from; any other can be typed."""
    try:
        return [task.name for task in client().tasks()]
    except HeadwayError:
        return []
