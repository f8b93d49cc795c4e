"""How jobs went: over a time and of a task that the address keeps."""

import streamlit as st
from history_filters import draw_filters
from live_history import live_history

st.title("History")
live_history(draw_filters())
