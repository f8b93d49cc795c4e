"""A job on a page, kept up to date until it has ended."""

import streamlit as st
from job_card import draw_card
from job_controls import draw_controls
from job_result import draw_result
from job_view import JobView
from live_region import live_region
from tab_title import job_title

from headway.status import Status

_SLOT = "job_view"


def live_job(job_id: str) -> JobView:
    """Draw this job and keep it up to date; the answer is what is known of it as the page is drawn."""
    view = _view_of(job_id)
    live_region(view, _draw, key="live-job")
    return view


def _view_of(job_id: str) -> JobView:
    view = st.session_state.get(_SLOT)
    if not isinstance(view, JobView) or view.job_id != job_id:
        view = st.session_state[_SLOT] = JobView(job_id)
    return view


def _draw(view: JobView) -> None:
    st.set_page_config(page_title=job_title(view))
    draw_card(view)
    if view.snapshot is None:
        return
    draw_controls(view)
    if view.snapshot.status is Status.FINISHED:
        draw_result(view.snapshot)
    # Not sent again and again to a page that does not show it.
    raw = st.expander("Raw snapshot", icon=":material/data_object:", key="raw-snapshot", on_change="rerun")
    if raw.open:
        raw.json(view.snapshot.model_dump(mode="json"), expanded=1)
