"""A job on a page, kept up to date until it has ended."""

import streamlit as st
from job_card import draw_card
from job_controls import draw_controls
from job_result import draw_result
from job_view import JobView
from live_log import as_text, log_of, reader_zone
from live_region import live_region
from session import client
from tab_title import job_title

from headway import values
from headway.status import Status

_SLOT = "job_view"
#: As much of the log stands beside the error of a job that failed.
_LAST_LINES = 10
_LINE_MAX_CHARS = 300


def live_job(job_id: str, *, last_lines: bool = False) -> JobView:
    """Draw this job and keep it up to date; the answer is what is known of it as the page is drawn.

    Args:
        last_lines: whether a failed job has the end of its log beside its error.
    """
    view = _view_of(job_id)
    live_region(view, _draw_with_last_lines if last_lines else _draw, key="live-job")
    return view


def _view_of(job_id: str) -> JobView:
    view = st.session_state.get(_SLOT)
    if not isinstance(view, JobView) or view.job_id != job_id:
        view = st.session_state[_SLOT] = JobView(job_id)
    return view


def _draw_with_last_lines(view: JobView) -> None:
    _draw(view, last_lines=True)


def _draw(view: JobView, *, last_lines: bool = False) -> None:
    st.set_page_config(page_title=job_title(view))
    draw_card(view)
    if view.snapshot is None:
        return
    if last_lines and view.snapshot.status is Status.FAILED:
        _draw_last_lines(view)
    draw_controls(view)
    if view.snapshot.status is Status.FINISHED:
        draw_result(view.snapshot)
    # Not sent again and again to a page that does not show it.
    raw = st.expander("Raw snapshot", icon=":material/data_object:", key="raw-snapshot", on_change="rerun")
    if raw.open:
        raw.json(view.snapshot.model_dump(mode="json"), expanded=1)


def _draw_last_lines(view: JobView) -> None:
    log = log_of(view)
    if not log.fresh and (log.poll_after_s is not None or not log.answered):
        log.refresh(client())
    if lines := log.last(_LAST_LINES):
        st.caption("The end of its log")
        short = [line.model_copy(update={"line": values.text(line.line, _LINE_MAX_CHARS)}) for line in lines]
        st.code(as_text(short, reader_zone()), language=None, wrap_lines=True)
