"""All jobs: found by filters that the address keeps, page by page, and asked for things together."""

import streamlit as st
from job_filters import draw_filters
from live_jobs import live_jobs

st.title("Jobs")
live_jobs(draw_filters())
