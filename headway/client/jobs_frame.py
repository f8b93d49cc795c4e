"""Jobs as a pandas DataFrame. Importing this needs pandas, which the client does without."""

from collections.abc import Iterable

import pandas as pd

from headway.snapshot import Snapshot

# In the order of the columns. Text that is unknown is pandas' NA, a number NaN or NA, a time NaT.
_DTYPES = {
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


def jobs_frame(jobs: Iterable[Snapshot]) -> pd.DataFrame:
    """One row a job; the same columns and dtypes for no job at all."""
    rows = [_row(job) for job in jobs]
    return pd.DataFrame({name: _column([row[name] for row in rows], dtype) for name, dtype in _DTYPES.items()})


def _row(job: Snapshot) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(job, name, None) for name in _DTYPES}
    if job.error is not None:
        row |= {"error_type": job.error.type, "error_detail": job.error.detail}
    return row | {"status": job.status.value}


def _column(values: list[object], dtype: str) -> pd.Series:
    if dtype != "time":
        return pd.Series(values, dtype=dtype)
    # A foreign writer may have put any text there.
    times = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601", errors="coerce")
    return times.astype("datetime64[ms, UTC]")
