"""A job that is over, run again with changes: the Run page's form begins with what that job was given."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from job_view import JobView
from plain_text import plain
from session import client

from headway.errors import HeadwayError
from headway.fields import FormField
from headway.tasks import TaskInfo

_SLOT = "run_again"


@dataclass(frozen=True)
class Earlier:
    """What an earlier job was given."""

    job_id: str
    task: str
    params: dict[str, Any]


def draw_run_again(view: JobView) -> None:
    """Draw the way to the form, for a job that headway ran."""
    if view.snapshot is None or "retry" not in view.snapshot.can:
        return
    if st.button("Run again with changes", key="job:again", icon=":material/edit:"):
        try:
            spec = client().job(view.job_id).spec
        except HeadwayError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        if spec is None:
            st.error("What this job was given is no longer known.", icon=":material/error:")
            return
        st.session_state[_SLOT] = Earlier(view.job_id, spec.task, spec.params)
        st.switch_page("app_pages/run.py", query_params={"task": spec.task})


def earlier(task: str) -> Earlier | None:
    """The job whose parameters the form of this task begins with; None for the task's own."""
    kept = st.session_state.get(_SLOT)
    return kept if isinstance(kept, Earlier) and kept.task == task else None


def forget_earlier() -> None:
    """Begin with the task's own defaults again."""
    st.session_state.pop(_SLOT, None)


def begun_with(task: TaskInfo, job: Earlier | None) -> list[FormField]:
    """The task's fields with what that job was given as their defaults; what it was not given stays the task's own."""
    given = {} if job is None else job.params
    return [
        field.model_copy(update={"default": given[field.name]}) if field.name in given else field
        for field in task.fields
    ]
