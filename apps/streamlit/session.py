"""What belongs to one browser session: its client, and the links that it can share."""

from urllib.parse import urlencode, urljoin

import streamlit as st

from headway import Client

# A page waits for every answer, so an API that hangs must not hold it for long.
_TIMEOUT_S = 5.0


@st.cache_resource(scope="session", show_spinner=False, on_release=Client.close)
def client() -> Client:
    """This session's client; sessions share none, since each may be somebody else's."""
    return Client(timeout_s=_TIMEOUT_S)


def job_link(job_id: str) -> str:
    """The address of the Job page for this job, as this browser sees it."""
    return urljoin(st.context.url or "", "job?" + urlencode({"job": job_id}))


def draw_link(job_id: str) -> None:
    """Draw the address of a job, to open and to copy."""
    st.caption("Link to this job, to keep or to share")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(job_link(job_id), language=None, wrap_lines=True, width="content")
        st.link_button(
            "Open", job_link(job_id), icon=":material/open_in_new:", help="Opens this job's page in a new tab."
        )
