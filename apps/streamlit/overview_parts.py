"""The parts of the Overview page."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from job_list import draw_list
from overview_view import OverviewView
from worker_facts import draw_workers

from headway.overview import Overview, QueueLoad

# Three of them fit beside each other on a phone.
_FIGURE_PX = 105


def draw_numbers(now: Overview) -> None:
    """How many jobs are in which state, and how many workers are there."""
    alive = sum(worker.alive for worker in now.workers)
    figures = [
        ("Running", now.active - now.paused),
        ("Waiting", now.waiting),
        ("Paused", now.paused),
        ("Stalled", now.stalled),
        ("Workers", alive),
    ]
    draw_figures(figures)


def draw_figures(figures: list[tuple[str, int]]) -> None:
    """Numbers with their names, beside each other."""
    cells = st.grid(len(figures), min_column_width=_FIGURE_PX, gap="small")
    for label, value in figures:
        cells.cell().metric(label, f"{value:,}", border=True)


def draw_trouble(now: Overview) -> None:
    """What somebody should look at; nothing where all is well."""
    said = []
    if now.waiting and not any(worker.alive for worker in now.workers):
        said.append("Jobs wait, and no worker is there.")
    unserved = [load.queue for load in now.queues if load.waiting and not load.workers]
    if unserved and any(worker.alive for worker in now.workers):
        said.append(f"Jobs wait where no worker listens: {', '.join(f'`{queue}`' for queue in unserved)}.")
    silent = [worker.name for worker in now.workers if not worker.alive]
    if silent:
        said.append(f"Not heard of any more: {', '.join(f'`{name}`' for name in silent)}.")
    for sentence in said:
        st.warning(sentence, icon=":material/warning:")
    stalled = [job for job in now.jobs if job.stalled_since is not None]
    if stalled:
        st.subheader("Stalled")
        draw_list(stalled, label="Stalled jobs", key="overview-stalled")
    if now.lost:
        st.subheader("Lost lately")
        st.caption("Their workers died or were cut off, and no attempt was left.")
        draw_list(now.lost, label="Lost jobs", key="overview-lost")


def draw_jobs(now: Overview) -> None:
    """The jobs under way that go on as they should."""
    st.subheader("Under way")
    going_on = [job for job in now.jobs if job.stalled_since is None]
    if going_on:
        draw_list(going_on, label="Jobs under way", key="overview-jobs")
    else:
        st.caption("No job is under way.")
    if now.active > len(now.jobs):
        st.page_link("app_pages/jobs.py", label=f"All {now.active:,} on the Jobs page", icon=":material/list:")


def draw_queues(now: Overview) -> None:
    """What waits and runs in each queue."""
    st.subheader("Queues")
    if not now.queues:
        st.caption("No queue has a job or a worker.")
        return
    st.dataframe(
        pd.DataFrame([_queue_row(load) for load in now.queues]),
        key="overview-queues",
        hide_index=True,
        height="content",
        alt="Queues",
    )


def draw_lease(now: Overview) -> None:
    """The workers, each with its lease."""
    st.subheader("Workers")
    if now.workers:
        draw_workers(now.workers, key="overview-workers")
    else:
        st.caption("No worker is there. `headway worker --tasks your.module` starts one.")


def say_age(view: OverviewView) -> None:
    """As of when all of this is."""
    if view.answered_s is None:
        return
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else None
    at = datetime.fromtimestamp(view.answered_s, zone or ZoneInfo("UTC"))
    every = "every second" if (view.poll_after_s or 0) < 2 else "every few seconds"
    st.caption(f"As of {at:%H:%M:%S}, looked at {every}.")


def _queue_row(load: QueueLoad) -> dict[str, str | int]:
    return {"Queue": load.queue, "Waiting": load.waiting, "Under way": load.active, "Workers": load.workers}
