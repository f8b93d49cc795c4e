"""headway's app: which pages there are."""

from pathlib import Path

import streamlit as st
from tab_title import page_title

_HERE = Path(__file__).parent
# Room for a table, and no line of text across a whole wide screen.
_PAGE_PX = 1200

overview = st.Page(
    "app_pages/overview.py",
    title="Overview",
    icon=":material/monitoring:",
    url_path="overview",
    help="What is going on now, and what needs a look.",
)
run = st.Page(
    "app_pages/run.py",
    title="Run",
    icon=":material/play_arrow:",
    url_path="run",
    help="Pick a task, fill in its form, and watch the job.",
)
jobs = st.Page(
    "app_pages/jobs.py",
    title="Jobs",
    icon=":material/list:",
    url_path="jobs",
    help="Find jobs, and act on several at once.",
)
job = st.Page(
    "app_pages/job.py",
    title="Job",
    icon=":material/speed:",
    url_path="job",
    help="One job, live; its address can be shared.",
)
history = st.Page(
    "app_pages/history.py",
    title="History",
    icon=":material/bar_chart:",
    url_path="history",
    help="How jobs went: how many, how long, and how many failed.",
)
workers = st.Page(
    "app_pages/workers.py",
    title="Workers",
    icon=":material/memory:",
    url_path="workers",
    help="Who is there to run jobs, and what each of them does.",
)


def _start() -> None:
    st.switch_page(run)


# The default page is found at / alone, so it leads to a page that keeps its own address.
start = st.Page(_start, title="headway", default=True, visibility="hidden")

# A file, because the browser would fetch a named icon from somewhere else; first, or it would fetch the page's.
st.set_page_config(page_icon=_HERE / "favicon.svg", layout="wide")
st.logo(_HERE / "logo.svg", size="large")
page = st.navigation([start, overview, run, jobs, job, history, workers], position="top")
if "job" not in st.query_params:
    st.set_page_config(page_title=page_title(page.title))
with st.container(horizontal_alignment="center"), st.container(width=_PAGE_PX):
    page.run()
