"""Who is there to run jobs."""

import streamlit as st
from live_workers import live_workers

st.title("Workers")
live_workers()
