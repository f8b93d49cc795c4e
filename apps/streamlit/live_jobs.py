"""A page of jobs, kept up to date: filters' answer, selection, bulk actions, and the pages before and after."""

import streamlit as st
from away import draw_away
from bulk_actions import draw_bulk
from job_filters import clear_filters
from jobs_table import OPENED, draw_table
from jobs_view import JobFilters, JobsView
from live_region import live_region

_SLOT = "jobs_view"


def live_jobs(wanted: JobFilters) -> None:
    """Draw the newest jobs that `wanted` lets through, and keep them up to date."""
    view = st.session_state.get(_SLOT)
    if not isinstance(view, JobsView) or view.wanted != wanted:
        view = st.session_state[_SLOT] = JobsView(wanted)
    live_region(view, _draw, key="live-jobs")


def _draw(view: JobsView) -> None:
    if job_id := st.session_state.pop(OPENED, None):
        st.switch_page("app_pages/job.py", query_params={"job": job_id})
    draw_away(view, known=view.jobs is not None)
    if not view.jobs:
        if not view.problem:
            _say_none(view)
        return
    above = st.container()
    selected = draw_table(view.jobs, view.gone, key=f"jobs-table:{view.turn}")
    with above:
        draw_bulk(view, selected)
    _draw_pager(view)


def _say_none(view: JobsView) -> None:
    with st.container(border=True, horizontal_alignment="center", key="no-jobs"):
        if view.page > 1:
            st.markdown("There are no older jobs.", width="content")
            st.button("Newest jobs", icon=":material/first_page:", on_click=view.show_newest)
        elif view.wanted:
            st.markdown("No job matches these filters.", width="content")
            if st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear_filters, key="jobs:clear"):
                # The filters are drawn outside of what is refreshed.
                st.rerun()
        else:
            st.markdown("There are no jobs yet.", width="content")
            st.page_link("app_pages/run.py", label="Run a task", icon=":material/play_arrow:", width="content")


def _draw_pager(view: JobsView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="pager"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.button(
                "Newer",
                key="jobs:newer",
                icon=":material/chevron_left:",
                disabled=view.page == 1,
                on_click=lambda: view.turn_to(older=False),
            )
            st.button(
                "Older",
                key="jobs:older",
                icon=":material/chevron_right:",
                icon_position="right",
                disabled=not view.has_older,
                on_click=lambda: view.turn_to(older=True),
            )
            st.caption(f"Page {view.page}", width="content")
        if view.newer:
            words = "1 newer job" if view.newer == 1 else f"{view.newer} newer jobs"
            st.button(f"Show {words}", key="jobs:newest", icon=":material/arrow_upward:", on_click=view.show_newest)
