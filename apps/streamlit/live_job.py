"""A job on a page: drawn at once from its last snapshot, then again at the API's pace until it has ended."""

import streamlit as st
from job_card import draw_card
from job_controls import draw_controls
from job_result import draw_result
from job_view import JobView
from session import client
from tab_title import job_title

from headway.status import Status

_SLOT = "job_view"


def live_job(job_id: str) -> JobView:
    """Draw this job and keep it up to date; the answer is what is known of it as the page is drawn.

    A full run asks once; then a timed fragment does. The interval of a fragment is fixed until the next full run, so
    a fragment that learns of another pace, or of the end, asks for one, which draws what the fragment has read.
    """
    view = _view_of(job_id)
    if not view.fresh:
        view.refresh(client())
    st.fragment(run_every=view.poll_after_s, key="live-job")(_refresh)(view.poll_after_s)
    return view


def _view_of(job_id: str) -> JobView:
    view = st.session_state.get(_SLOT)
    if not isinstance(view, JobView) or view.job_id != job_id:
        view = st.session_state[_SLOT] = JobView(job_id)
    return view


def _refresh(every_s: float | None) -> None:
    view: JobView = st.session_state[_SLOT]
    if view.problem and not view.fresh:
        _draw_before_asking(view)
        return
    if not view.fresh:
        view.refresh(client())
        if not _same_pace(every_s, view.poll_after_s):
            st.rerun()
    view.fresh = False
    _draw(view)


def _draw_before_asking(view: JobView) -> None:
    """Streamlit fades what is not drawn again soon, and an API that hangs is waited for."""
    _draw(view)
    view.refresh(client())
    if not view.problem:
        st.rerun()
    view.fresh = False


def _same_pace(every_s: float | None, wanted_s: float | None) -> bool:
    # Idle polls are spread over 3 to 5 s, which is one pace.
    if every_s is None or wanted_s is None:
        return every_s is wanted_s
    return every_s / 2 < wanted_s < every_s * 2


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
