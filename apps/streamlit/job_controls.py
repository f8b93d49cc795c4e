"""The buttons below a job's card: what can be asked of the job now, and nothing else.

A press is carried out in the button's callback, which runs once a press, however often the page runs again.
"""

from dataclasses import dataclass

import streamlit as st
from job_view import JobView
from plain_text import plain
from run_again import draw_run_again
from session import client

from headway.snapshot import Action, Snapshot
from headway.status import Status


@dataclass(frozen=True)
class _Button:
    """What a button says; `confirm` is asked back before anything is done."""

    label: str
    icon: str
    confirm: str = ""


_BUTTONS: dict[Action, _Button] = {
    "pause": _Button("Pause", ":material/pause:"),
    "resume": _Button("Resume", ":material/play_arrow:"),
    "cancel": _Button("Cancel", ":material/stop_circle:", "Cancel this job? It keeps the progress it has reached."),
    "retry": _Button("Retry", ":material/replay:"),
}


def draw_controls(view: JobView) -> None:
    """Draw a button for each action, what is asked back, and why the last one was refused."""
    snapshot = view.snapshot
    if snapshot is None or view.unknown:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="job-controls"):
        for action in snapshot.can:
            if action in _BUTTONS:
                _draw_button(view, snapshot, action)
        if snapshot.status.terminal:
            draw_run_again(view)
            _draw_menu(view)
    if view.confirming in snapshot.can and not _pending(snapshot):
        _ask_back(view, view.confirming)
    if view.refusal:
        st.error(plain(view.refusal), icon=":material/error:")


def _draw_button(view: JobView, snapshot: Snapshot, action: Action) -> None:
    button = _BUTTONS[action]
    pressed = _pending(snapshot) == action
    st.button(
        f"{button.label} asked for" if pressed else button.label,
        key=f"job:{action}",
        icon=button.icon,
        # A job that is to end takes no other request.
        disabled=pressed or _pending(snapshot) == "cancel" or view.confirming == action,
        type="primary" if action == "resume" and snapshot.status is Status.PAUSED else "secondary",
        on_click=view.confirm if button.confirm else _act,
        args=(action,) if button.confirm else (view, action),
    )


def _ask_back(view: JobView, action: Action) -> None:
    st.markdown(_BUTTONS[action].confirm)
    with st.container(horizontal=True):
        st.button(
            "Yes, cancel it",
            key="job:yes",
            type="primary",
            icon=_BUTTONS[action].icon,
            on_click=_act,
            args=(view, action),
        )
        st.button("No", key="job:no", on_click=view.confirm, args=(None,))


def _draw_menu(view: JobView) -> None:
    with st.popover("More", icon=":material/more_horiz:", type="tertiary"):
        st.markdown("Delete this job with its parameters and its result, for everybody?")
        if st.button("Delete job", key="job:delete", icon=":material/delete:"):
            view.delete(client())
            st.rerun()


def _act(view: JobView, action: Action) -> None:
    view.act(client(), action)


def _pending(snapshot: Snapshot) -> str:
    return "" if snapshot.control is None else snapshot.control.requested
