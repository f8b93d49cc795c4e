"""One job, named by `?job=`, so that a reload or a shared link shows the same; without it, which jobs there are."""

import streamlit as st
from job_list import recent_jobs
from live_job import live_job
from live_log import live_log, log_of
from live_metrics import live_metrics
from live_past import live_past
from session import draw_link

st.title("Job")

job_id = st.query_params.get("job", "").strip()
if job_id:
    view = live_job(job_id, last_lines=True)
    live_metrics(view)
    live_past(view)
    live_log(log_of(view))
    if not view.unknown:
        draw_link(job_id)
    if st.button("Show another job", icon=":material/search:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
else:
    st.subheader("Recent jobs")
    recent_jobs()
    st.subheader("A job by its id")
    with st.form("which", border=False, width=480):
        wanted = st.text_input("Job id", max_chars=64, placeholder="3f9c2a71b0de", autocomplete="off")
        asked = st.form_submit_button("Show job", type="primary", icon=":material/search:")
    if asked and wanted.strip():
        st.query_params["job"] = wanted.strip()
        st.rerun()
