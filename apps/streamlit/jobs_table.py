"""A page of jobs as one table: one element a refresh, with the rows where they were."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from job_list import age_of, message_of

from headway import caption
from headway.snapshot import Snapshot
from headway.status import Status

# A sign before each word, so that no colour is needed to tell them apart.
_SIGNS = {
    Status.QUEUED: "○",
    Status.STARTED: "▷",
    Status.RUNNING: "▶",
    Status.PAUSED: "‖",
    Status.FINISHED: "✓",
    Status.FAILED: "✗",
    Status.CANCELED: "–",
}
#: Where the page finds which job is to be opened; a callback cannot turn to another page itself.
OPENED = "jobs:opened"


def draw_table(jobs: Sequence[Snapshot], gone: set[str], *, key: str) -> list[str]:
    """Draw these jobs; the ids of those that are selected."""
    now = datetime.now(UTC)
    ids = [job.job_id for job in jobs]
    event = st.dataframe(
        pd.DataFrame([row(job, now, there=job.job_id not in gone) for job in jobs]),
        key=key,
        hide_index=True,
        height="content",
        placeholder="",
        on_select="rerun",
        selection_mode="multi-row",
        column_config=_columns(key, ids),
        alt="Jobs, newest first",
    )
    return [ids[place] for place in event.selection.rows if place < len(ids)]


def row(job: Snapshot, now: datetime, *, there: bool = True) -> dict[str, Any]:
    """What the table shows of a job; `now` has a zone."""
    status = f"{_SIGNS[job.status]}\N{NO-BREAK SPACE} {job.status.value.capitalize()}"
    return {
        "Status": status if there else "⌫  Deleted",
        "Job": job.job_id,
        "Task": job.task or "Job",
        "Progress": None if caption.unknown(job) else caption.bar_percent(job),
        "Message": message_of(job),
        "Time left": caption.time_left(job) if there else None,
        "Submitted": age_of(job.created_at or job.updated_at, now),
        "Owner": job.owner,
    }


def _columns(key: str, ids: list[str]) -> dict[str, Any]:
    column = st.column_config
    pressed = f"{key}:open"
    return {
        "Status": column.TextColumn(width=100),
        "Job": column.ButtonColumn(
            width=130, type="tertiary", alignment="left", key=pressed, on_click=_open, args=(pressed, ids)
        ),
        "Task": column.TextColumn(width=125),
        "Progress": column.ProgressColumn(min_value=0, max_value=100, format="%d %%", width=125),
        "Message": column.TextColumn(width=220),
        "Time left": column.TextColumn(width=115),
        "Submitted": column.TextColumn(width=100),
        "Owner": column.TextColumn(width=75),
    }


def _open(pressed: str, ids: list[str]) -> None:
    place = st.session_state[pressed].row
    if place < len(ids):
        st.session_state[OPENED] = ids[place]
