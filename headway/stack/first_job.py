"""The first thing that a user sees: one real job on its way, and where to look at it."""

import threading
import time
from collections.abc import Callable

import httpx2

TASK = "profile_table"
# Small chunks: the job should still be at work when somebody has opened its page.
PARAMS = {"chunk_rows": 250}
POLL_S = 0.25
# A task is known once a worker has announced it; with tasks of one's own nobody may announce this one.
ANNOUNCE_S = 20.0


class FirstJob:
    """Waits for the API and the Streamlit app, submits a job, and says where everything is.

    Args:
        api_url: where the API will answer.
        ui_url: where the Streamlit app will answer.
        say: takes the text to show.
        notes: lines to show below the links.
    """

    def __init__(self, api_url: str, ui_url: str, say: Callable[[str], None], notes: list[str]) -> None:
        self._api_url = api_url
        self._ui_url = ui_url
        self._say = say
        self._notes = notes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="first job", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Give up, if it is still waiting."""
        self._stopped.set()

    def _run(self) -> None:
        # Both are on this machine: a proxy from the environment must not come between.
        with httpx2.Client(timeout=5, trust_env=False) as client:
            for url in (f"{self._api_url}/readyz", f"{self._ui_url}/_stcore/health"):
                while not _answers(client, url):
                    if self._stopped.wait(POLL_S):
                        return
            job_id, trouble = self._submit(client)
        if not self._stopped.is_set():
            links = [
                f"  A job at work    {self._ui_url}{f'/job?job={job_id}' if job_id else ''}",
                f"  and in React     {self._api_url}/ui{f'/jobs/{job_id}' if job_id else ''}",
                f"  Run another      {self._ui_url}/run",
                f"  API              {self._api_url}/docs",
            ]
            self._say("\n".join(["", "headway runs.", *links, *self._notes, *trouble, ""]))

    def _submit(self, client: httpx2.Client) -> tuple[str | None, list[str]]:
        """The job's id, or None and what there is to say if it was not taken."""
        try:
            answer = self._post(client)
            answer.raise_for_status()
            return str(answer.json()["job_id"]), []
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            return None, [f"  The first job ({TASK}) was not taken: {error}"]

    def _post(self, client: httpx2.Client) -> httpx2.Response:
        end = time.monotonic() + ANNOUNCE_S
        while True:
            answer = client.post(f"{self._api_url}/jobs", json={"task": TASK, "params": PARAMS})
            if answer.status_code != httpx2.codes.NOT_FOUND or time.monotonic() >= end or self._stopped.wait(POLL_S):
                return answer


def _answers(client: httpx2.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
