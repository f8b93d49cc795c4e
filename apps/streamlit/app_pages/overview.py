"""What is going on now: the whole page runs again at the API's pace, and but for one now and then with one request."""

import streamlit as st
from away import draw_away
from overview_parts import draw_jobs, draw_lease, draw_numbers, draw_queues, draw_trouble, say_age
from overview_view import OverviewView
from session import client
from streamlit_autorefresh import st_autorefresh
from today import draw_today

view = st.session_state.setdefault("overview_view", OverviewView())
view.refresh(client())
st.title("Overview")
draw_away(view, known=view.overview is not None)
if view.overview is not None:
    draw_numbers(view.overview)
    if not view.problem:
        draw_today()
    draw_trouble(view.overview)
    draw_jobs(view.overview)
    draw_queues(view.overview)
    draw_lease(view.overview)
say_age(view)
# Not put off by a press: what is pressed here leads to another page.
st_autorefresh(round(view.poll_after_s * 1000), debounce=False, key="overview-refresh")
