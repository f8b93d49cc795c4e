"""What can be asked of the selected jobs, all at once, and what became of it."""

import streamlit as st
from jobs_view import BulkAsk, JobsView
from plain_text import plain
from session import client

from headway.snapshot import Action

_ACTIONS: dict[Action, tuple[str, str]] = {
    "pause": ("Pause", ":material/pause:"),
    "resume": ("Resume", ":material/play_arrow:"),
    "cancel": ("Cancel", ":material/stop_circle:"),
    "retry": ("Retry", ":material/replay:"),
}
_NOTES: dict[Action, str] = {
    "pause": "They stand still at their next step.",
    "resume": "They go on where they stood still.",
    "cancel": "They end, and keep the progress that they have reached.",
    "retry": "They wait in their queues again, as their next attempt.",
}
_PROBLEMS_MAX = 5


def draw_bulk(view: JobsView, selected: list[str]) -> None:
    """Draw the actions that any of the selected jobs takes, what is asked back, and what became of the last one."""
    if view.confirming is not None:
        _ask_back(view, view.confirming)
    else:
        _draw_actions(view, selected)
    _say_refusals(view)


def takers(view: JobsView, selected: list[str], action: Action) -> list[str]:
    """Those of the selected jobs of which this can be asked now."""
    chosen = set(selected) - view.gone
    return [job.job_id for job in view.jobs or [] if job.job_id in chosen and action in job.can]


def _draw_actions(view: JobsView, selected: list[str]) -> None:
    """The same buttons whatever is selected, or the table below would move under the pointer."""
    with st.container(horizontal=True, vertical_alignment="center", key="bulk"):
        for action, (label, icon) in _ACTIONS.items():
            ids = takers(view, selected, action)
            st.button(
                label if len(ids) in {0, len(selected)} else f"{label} {len(ids)} of {len(selected)}",
                key=f"bulk:{action}",
                icon=icon,
                disabled=not ids,
                on_click=view.confirm,
                args=(BulkAsk(action, ids),),
            )
        st.caption(_said(view, selected), width="content")


def _said(view: JobsView, selected: list[str]) -> str:
    if selected:
        return f"{len(selected)} selected"
    done = sum(not answer.problem for answer in view.outcome)
    if done:
        return f"{(view.asked or '').capitalize()} asked of {_jobs(done)}."
    return "Select jobs at their left edge."


def _ask_back(view: JobsView, ask: BulkAsk) -> None:
    label, icon = _ACTIONS[ask.action]
    with st.container(horizontal=True, vertical_alignment="center", key="bulk-confirm"):
        st.markdown(f"**{label} {_jobs(len(ask.job_ids))}?** {_NOTES[ask.action]}", width="content")
        st.button(f"Yes, {ask.action}", key="bulk:yes", type="primary", icon=icon, on_click=lambda: view.act(client()))
        st.button("No", key="bulk:no", on_click=view.confirm, args=(None,))


def _say_refusals(view: JobsView) -> None:
    if view.refusal:
        st.error(plain(view.refusal), icon=":material/error:")
    refused = [answer for answer in view.outcome if answer.problem]
    if not refused:
        return
    said = [f"- `{answer.job_id}`: {plain(answer.problem or '')}" for answer in refused[:_PROBLEMS_MAX]]
    if len(refused) > _PROBLEMS_MAX:
        said.append(f"- and {len(refused) - _PROBLEMS_MAX} more")
    st.error("\n".join([f"Refused by {_jobs(len(refused))}:", *said]), icon=":material/error:")


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
