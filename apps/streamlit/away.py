"""What a page says while the API answers nothing, or refuses: quietly, with the age of what is shown."""

from typing import Protocol

import streamlit as st
from plain_text import plain

from headway.quantities import duration


class Asked(Protocol):
    """Whatever asks the API again and again."""

    problem: str
    denied: bool

    @property
    def age_s(self) -> float:
        """Seconds since the API last answered."""


def draw_away(view: Asked, *, known: bool) -> None:
    """Say what is wrong, if anything is; `known` where the page shows what was read before."""
    if not view.problem:
        return
    if view.denied:
        st.warning(f"You may not see this. {plain(view.problem)}", icon=":material/lock:")
        return
    if known:
        age = duration(view.age_s)
        said = f"The API has not answered for {age}; what is shown is from then. This page goes on asking."
    else:
        said = f"The API gives no answer now; this page goes on asking. {plain(view.problem)}"
    st.info(said, icon=":material/cloud_off:")
