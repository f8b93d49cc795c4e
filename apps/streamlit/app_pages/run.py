"""Pick a task, fill in its form, submit it, and watch the job; `?task=` and `?job=` keep both over a reload."""

import streamlit as st
from live_job import live_job
from plain_text import plain
from run_again import begun_with, earlier, forget_earlier
from session import client, draw_link
from submission import Submission, forget_submission, last_submission, submit
from task_form import draw_fields, errors_elsewhere, is_demanded

from headway.errors import HeadwayError
from headway.tasks import TaskInfo

_RETRY_S = 3.0
# The quickest to understand, and to end.
_HELLO = "long_task"
# The form takes one column and the job, seen beside it however long the form is, two; without room it stands below.
_COLUMN_PX = 340


@st.fragment(run_every=_RETRY_S)
def _wait_for_api(reason: str) -> None:
    st.info(f"The API gives no answer now; this page goes on asking. {plain(reason)}", icon=":material/cloud_off:")
    try:
        client().tasks()
    except HeadwayError:
        return
    st.rerun()


def _keep_in_address(task: str, job_id: str) -> None:
    st.query_params.from_dict({"task": task} | ({"job": job_id} if job_id else {}))


def _another_task() -> None:
    forget_submission()
    forget_earlier()
    _keep_in_address(st.session_state["task"], "")


def _form(task: TaskInfo) -> None:
    last = last_submission()
    if last.task != task.name:
        last = Submission()
    job = earlier(task.name)
    if job is not None:
        st.caption(f"Begins with what job `{job.job_id}` was given.")
    with st.form(f"task:{task.name}"):
        values = draw_fields(task.name, begun_with(task, job), last.errors, begun=job.job_id if job else "")
        if not task.fields:
            st.caption("This task takes no parameters.")
        if any(is_demanded(field) for field in task.fields):
            st.caption("\\* has to be filled in")
        for error in errors_elsewhere(task.fields, last.errors):
            st.error(plain(error), icon=":material/error:")
        if st.form_submit_button(
            "Run", type="primary", icon=":material/play_arrow:", key=f"run:{last_submission().count}"
        ):
            _keep_in_address(task.name, submit(task, values).job_id)
            st.rerun()
        if last.refusal:
            st.error(f"Not submitted: {plain(last.refusal)}", icon=":material/error:")


def _first_choice(names: list[str]) -> str:
    """The task that the address asks for, else the one last run, else the hello-world, else the first."""
    wanted = [st.query_params.get("task"), last_submission().ran, _HELLO]
    return next((name for name in wanted if name in names), names[0])


def _task(tasks: list[TaskInfo]) -> None:
    by_name = {task.name: task for task in tasks}
    names = list(by_name)
    name = st.selectbox("Task", names, index=names.index(_first_choice(names)), key="task", on_change=_another_task)
    task = by_name[name]
    if task.description:
        st.markdown(plain(task.description))
    if not task.workers:
        st.warning(
            "No worker serves this task now. A job waits in its queue until one does.",
            icon=":material/hourglass_empty:",
        )
    _form(task)


def _choose() -> None:
    try:
        tasks = client().tasks()
    except HeadwayError as error:
        _wait_for_api(str(error))
        return
    if tasks:
        _task(tasks)
    else:
        st.info("No worker has announced a task yet. Start one with `headway worker --tasks your.module`.")


def _submitted(job_id: str) -> None:
    if not live_job(job_id).unknown:
        draw_link(job_id)


st.title("Run")
if last_submission().task and not st.query_params:
    # Back from another page, whose address has neither.
    _keep_in_address(last_submission().task, last_submission().job_id)
sides = st.grid(3, min_column_width=_COLUMN_PX, gap="medium")
form_side, job_side = sides.cell(), sides.cell(column_span=2)
# First, since an API that hangs holds the form back, and Streamlit fades what has not been drawn again by then.
if shown := st.query_params.get("job", "").strip():
    with job_side:
        _submitted(shown)
with form_side:
    _choose()
