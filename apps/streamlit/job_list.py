"""Jobs as a list, each a link to its page: one element a refresh.

What comes from the jobs travels as data and is put in place as text, as on the card.
"""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from live_region import IDLE_S
from plain_text import plain
from session import client

from headway import caption
from headway.errors import HeadwayError
from headway.quantities import duration
from headway.snapshot import Snapshot
from headway.status import Status

_JOBS_MAX = 10

_HERE = Path(__file__).parent
_list = st.components.v2.component(
    "headway_job_list",
    html=(_HERE / "job_list.html").read_text(encoding="utf-8"),
    css="".join((_HERE / name).read_text(encoding="utf-8") for name in ("status.css", "job_list.css")),
    js=(_HERE / "job_list.js").read_text(encoding="utf-8"),
)


def recent_jobs() -> None:
    """Draw the newest jobs and keep them up to date, calmly."""
    st.fragment(run_every=random.uniform(*IDLE_S), key="job-list-refresh")(_refresh)()


def _refresh() -> None:
    try:
        jobs = client().jobs(limit=_JOBS_MAX).jobs
    except HeadwayError as error:
        st.info(
            f"The API gives no answer now; this page goes on asking. {plain(str(error))}", icon=":material/cloud_off:"
        )
        return
    if not jobs:
        st.caption("There are no jobs yet. The Run page starts one.")
        return
    draw_list(jobs, label="Recent jobs", key="job-list")


def draw_list(jobs: list[Snapshot], *, label: str, key: str) -> None:
    """Draw these jobs; `label` names the list for those who do not see it."""
    now = datetime.now(UTC)
    _list(data={"label": label, "jobs": [row(snapshot, now) for snapshot in jobs]}, key=key)


def row(snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """What the list shows of a job, as JSON; `now` has a zone."""
    return {
        "job_id": snapshot.job_id,
        "href": "job?" + urlencode({"job": snapshot.job_id}),
        "status": snapshot.status.value,
        "word": snapshot.status.value.capitalize(),
        "task": snapshot.task or "Job",
        "message": message_of(snapshot),
        "percent": None if caption.unknown(snapshot) else caption.bar_percent(snapshot),
        "age": age_of(snapshot.created_at or snapshot.updated_at, now),
    }


def message_of(snapshot: Snapshot) -> str:
    """One line on how a job is doing: the task is named beside it, so a failure need not name it again."""
    if snapshot.status is Status.FAILED and snapshot.error is not None:
        return f"{snapshot.error.type}: {snapshot.error.detail}".rstrip(": ")
    return caption.headline(snapshot)


def age_of(at: str, now: datetime) -> str:
    """How long ago it was; empty where nobody has said when."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    age_s = (now - moment).total_seconds()
    # One unit, since a page full of running seconds is never at rest.
    return "just now" if age_s < 1 else f"{' '.join(duration(age_s).split()[:2])} ago"
