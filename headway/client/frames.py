"""What the API says as pandas DataFrames. Importing this needs pandas, which the client does without."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from headway.analytics import Event
from headway.client.answers import MetricSeries
from headway.snapshot import Snapshot

# In the order of the columns. Text that is unknown is pandas' NA, a number NaN or NA, a time NaT.
_JOBS = {
    "job_id": "string",
    "task": "string",
    "status": "string",
    "percent": "Int64",
    "fraction": "float64",
    "n": "float64",
    "total": "float64",
    "unit": "string",
    "rate": "float64",
    "eta_s": "float64",
    "message": "string",
    "error_type": "string",
    "error_detail": "string",
    "attempt": "Int64",
    "queue": "string",
    "owner": "string",
    "worker": "string",
    "elapsed_s": "float64",
    "paused_s": "float64",
    "created_at": "time",
    "started_at": "time",
    "finished_at": "time",
    "updated_at": "time",
}


_EVENTS = {
    "job_id": "string",
    "attempt": "Int64",
    "seq": "Int64",
    "status": "string",
    "percent": "Int64",
    "message": "string",
    "n": "float64",
    "total": "float64",
    "error_type": "string",
    "error_detail": "string",
    "at": "time",
}
_VALUES = {"name": "string", "at": "time", "value": "float64", "attempt": "Int64"}


def jobs_frame(jobs: Iterable[Snapshot]) -> pd.DataFrame:
    """One row a job; the same columns and dtypes for no job at all."""
    return _frame([_job(job) for job in jobs], _JOBS)


def events_frame(events: Iterable[Event]) -> pd.DataFrame:
    """One row an event, in their order; the same columns and dtypes for none."""
    return _frame([_event(event) for event in events], _EVENTS)


def values_frame(series: Sequence[MetricSeries], *, partial: bool) -> pd.DataFrame:
    """One row a value, series by series, in their order; `attrs` says `partial` and of each name the `dropped`."""
    columns: dict[str, list[Any]] = {name: [] for name in _VALUES}
    for one in series:
        columns["name"] += [one.name] * len(one.value)
        columns["at"] += one.at
        columns["value"] += one.value
        columns["attempt"] += one.attempt
    frame = _of(columns, _VALUES)
    frame.attrs |= {"partial": partial, "dropped": {one.name: one.dropped for one in series}}
    return frame


def _job(job: Snapshot) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(job, name, None) for name in _JOBS}
    if job.error is not None:
        row |= {"error_type": job.error.type, "error_detail": job.error.detail}
    return row | {"status": job.status.value}


def _event(event: Event) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(event, name, None) for name in _EVENTS}
    if isinstance(event.error, dict):
        row |= {"error_type": event.error.get("type"), "error_detail": event.error.get("detail")}
    return row | {"status": event.status.value}


def _frame(rows: list[dict[str, object]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    return _of({name: [row[name] for row in rows] for name in dtypes}, dtypes)


def _of(columns: Mapping[str, list[Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: _column(columns[name], dtype) for name, dtype in dtypes.items()})


def _column(values: list[object], dtype: str) -> pd.Series:
    if dtype != "time":
        return pd.Series(values, dtype=dtype)
    # A foreign writer may have put any text there.
    times = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601", errors="coerce")
    return times.astype("datetime64[ms, UTC]")
