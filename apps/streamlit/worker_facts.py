"""Workers as a table: who is there, how long since each was heard of, and what it runs."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from job_list import age_of
from session import job_link

from headway.quantities import duration
from headway.workers import WorkerInfo

# Together as wide as the widest page; of what does not fit, the tasks are cut first.
_WIDTHS_PX = {
    "Lease": 140,
    "Worker": 110,
    "Up since": 100,
    "Queues": 85,
    "Tasks": 225,
    "Host": 105,
    "Process": 75,
    "Version": 70,
}


def draw_workers(workers: list[WorkerInfo], *, key: str) -> None:
    """Draw these workers, each a row."""
    now = datetime.now(UTC)
    column = st.column_config
    st.dataframe(
        pd.DataFrame([row(worker, now) for worker in workers]),
        key=key,
        hide_index=True,
        height="content",
        placeholder="",
        column_config={name: column.TextColumn(width=width_px) for name, width_px in _WIDTHS_PX.items()}
        | {"Runs now": column.LinkColumn(display_text=r"job=(.+)$", width=125)},
        alt="Workers",
    )


def row(worker: WorkerInfo, now: datetime) -> dict[str, Any]:
    """What the table shows of a worker; `now` has a zone."""
    return {
        "Lease": _lease(worker),
        "Worker": worker.name,
        "Runs now": job_link(worker.job_id) if worker.job_id else None,
        "Up since": age_of(worker.started_at or "", now) or None,
        "Queues": ", ".join(worker.queues),
        "Tasks": ", ".join(worker.tasks),
        "Host": worker.host,
        "Process": str(worker.pid),
        "Version": worker.version,
    }


def _lease(worker: WorkerInfo) -> str:
    """With a sign before it, so that no colour is needed."""
    if worker.age_s is None:
        return "?\N{NO-BREAK SPACE} never heard"
    sign, word = ("✓", "heard") if worker.alive else ("✗", "silent for")
    said = f"{sign}\N{NO-BREAK SPACE} {word} {duration(worker.age_s)}"
    return f"{said} ago" if worker.alive else said
