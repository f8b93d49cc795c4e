"""`python -m worker.notifier URL`: post every job that has ended there, once, until told to stop."""

import sys

import httpx2

from headway import transitions


def main(url: str) -> None:
    """Post each as JSON; what is refused or not answered is an error, and is posted again at the next start."""
    with httpx2.Client(timeout=10) as http, transitions("notifier") as changes:
        for change in changes:
            if change.status.terminal:
                job = change.snapshot
                text = f"{job.task or 'a job'} {job.status.value}"
                if job.error is not None:
                    text += f": {job.error.type}: {job.error.detail}"
                body = {"id": change.id, "job_id": job.job_id, "owner": job.owner, "text": text}
                http.post(url, json=body).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
