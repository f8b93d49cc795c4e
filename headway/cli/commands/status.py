"""`headway status`: all there is to know about one job."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from headway import caption
from headway.cli.ends import end_of_job
from headway.cli.lines import clean, outcome, said
from headway.cli.say import say, say_json
from headway.client import Client, JobDetail
from headway.quantities import duration
from headway.snapshot import Snapshot


def status(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the snapshot as JSON.")] = False,
) -> None:
    """Say how a job is doing; the exit status is 1 if it failed and 3 if it was canceled."""
    with Client() as client:
        if as_json:
            snapshot = client.status(job)
            say_json(snapshot.model_dump(mode="json"))
        else:
            detail = client.job(job)
            snapshot = detail.snapshot
            for name, value in _facts(detail):
                say(f"{name + ':':10} {value}")
    raise typer.Exit(end_of_job(snapshot))


def _facts(detail: JobDetail) -> Iterator[tuple[str, str]]:
    """What is known, as (name, value)."""
    snapshot, spec = detail.snapshot, detail.spec
    known = {
        "job": snapshot.job_id,
        "task": snapshot.task,
        "params": None if spec is None else json.dumps(spec.params, ensure_ascii=False),
        "status": f"{snapshot.status} {caption.percent(snapshot)}",
        "progress": " · ".join(said(snapshot)),
        "error" if snapshot.error is not None else "result": outcome(snapshot),
        "metrics": ", ".join(f"{name} {value}" for name, value in snapshot.metrics.items()),
        "attempt": _attempt(snapshot),
        "queue": snapshot.queue,
        "owner": snapshot.owner,
        "worker": snapshot.worker,
        "submitted": snapshot.created_at,
        "started": snapshot.started_at,
        "ended": snapshot.finished_at,
        "updated": snapshot.updated_at,
        "heartbeat": detail.heartbeat_at,
    }
    for name, value in known.items():
        if value:
            yield name, clean(value)
    for ended in detail.attempts:
        why = "" if ended.error is None else f": {ended.error.type}: {ended.error.detail}"
        yield f"attempt {ended.attempt}", clean(f"{ended.status}{why}")


def _attempt(snapshot: Snapshot) -> str:
    ran = "" if snapshot.elapsed_s is None else f", at work for {duration(snapshot.elapsed_s)}"
    paused = f", paused for {duration(snapshot.paused_s)}" if snapshot.paused_s else ""
    return f"{snapshot.attempt}{ran}{paused}"
