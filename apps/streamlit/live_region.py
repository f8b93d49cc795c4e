"""A part of a page that keeps itself up to date: drawn at once, then again at the API's pace while it can change."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import streamlit as st
from session import client

from headway import Client

#: The lesson's cadence for long idles; drawn, so that pages which lost the API together do not return together.
IDLE_S = (3.0, 5.0)
#: The shortest interval that leaves the browser time to draw.
FASTEST_S = 0.5


class View(Protocol):
    """What a session knows of something, and how it learns more: one request a refresh."""

    #: Why the last request brought nothing; empty when it did.
    problem: str
    #: Whether what is known has not been drawn yet.
    fresh: bool
    #: Seconds until the next request; None when no other answer can come.
    poll_after_s: float | None

    def refresh(self, client: Client) -> None:
        """Ask once, keep what was answered, and set `fresh`."""


V = TypeVar("V", bound=View)


def live_region(view: V, draw: Callable[[V], None], *, key: str) -> None:
    """Draw this view and keep it up to date.

    A full run asks once; then a timed fragment does. The interval of a fragment is fixed until the next full run, so
    a fragment that learns of another pace, or of the end, asks for one, which draws what the fragment has read.
    """
    if not view.fresh:
        view.refresh(client())
    st.fragment(run_every=view.poll_after_s, key=key)(_refresh)(view, draw, view.poll_after_s)


def _refresh(view: V, draw: Callable[[V], None], every_s: float | None) -> None:
    if view.problem and not view.fresh:
        _draw_before_asking(view, draw)
        return
    if not view.fresh:
        view.refresh(client())
        if not _same_pace(every_s, view.poll_after_s):
            st.rerun()
    view.fresh = False
    draw(view)


def _draw_before_asking(view: V, draw: Callable[[V], None]) -> None:
    """Streamlit fades what is not drawn again soon, and an API that hangs is waited for."""
    draw(view)
    view.refresh(client())
    if not view.problem:
        st.rerun()
    view.fresh = False


def _same_pace(every_s: float | None, wanted_s: float | None) -> bool:
    # Idle polls are spread over 3 to 5 s, which is one pace.
    if every_s is None or wanted_s is None:
        return every_s is wanted_s
    return every_s / 2 < wanted_s < every_s * 2
