# streamlit_app.py
import time, requests, streamlit as st

API = "http://localhost:8000"

st.title("Job Runner (Polling)")
n_steps = st.slider("Steps", 1, 20, 5)
if st.button("Run job"):
    resp = requests.post(f"{API}/workflow/run", json={"n_steps": n_steps}).json()
    job_id = resp["job_id"]
    st.write(f"Job ID: `{job_id}`")
    prog = st.progress(0, text="queued")
    status_area = st.empty()

    while True:
        data = requests.get(f"{API}/status/{job_id}").json()
        pct = data.get("percent", 0)
        msg = f"{data['status']}: {data.get('message','')}"
        prog.progress(pct, text=msg)
        status_area.code(data, language="json")
        if data["status"] in ("finished", "failed", "canceled"):
            break
        time.sleep(1.0)

    if data["status"] == "finished":
        st.success("✅ Completed")
        st.json(data["result"])
    elif data["status"] == "failed":
        st.error(f"❌ Failed: {data['error']}")
