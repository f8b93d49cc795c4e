"""The workers on a page, kept up to date calmly: a heartbeat comes every few seconds."""

import streamlit as st
from away import draw_away
from live_region import live_region
from overview_parts import draw_figures
from overview_view import OverviewView
from worker_facts import draw_workers

_SLOT = "workers_view"


def live_workers() -> None:
    """Draw the workers and keep them up to date."""
    view = st.session_state.setdefault(_SLOT, OverviewView())
    live_region(view, _draw, key="live-workers")


def _draw(view: OverviewView) -> None:
    draw_away(view, known=view.overview is not None)
    if view.overview is None:
        return
    workers = view.overview.workers
    if not workers:
        with st.container(border=True, horizontal_alignment="center", key="no-workers"):
            st.markdown("No worker was heard of in the last minute.", width="content")
            st.code("headway worker --tasks your.module", language=None, width="content")
        return
    alive = sum(worker.alive for worker in workers)
    busy = sum(worker.job_id is not None for worker in workers if worker.alive)
    draw_figures([("There", alive), ("At work", busy), ("Silent", len(workers) - alive)])
    draw_workers(workers, key="workers-table")
