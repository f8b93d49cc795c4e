"""The lesson's own worker functions (section 2.1), typed in: plain SET and PUBLISH, nothing of headway."""

import datetime as dt
import json
import os
import time

import redis

r = redis.Redis.from_url(os.environ.get("LESSON_REDIS_URL", "redis://localhost:6379/0"))
STEP_S = float(os.environ.get("LESSON_STEP_S", "1"))


def _write_progress(job_id, status, percent=None, message=None, result=None, error=None):
    snap = {
        "job_id": job_id,
        "status": status,
        "percent": percent if percent is not None else 0,
        "message": message or "",
        "result": result,
        "error": error,
        # The lesson's utcnow(), which newer Pythons warn of, in the words that they want.
        "updated_at": dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat() + "Z",
    }
    r.set(f"job:{job_id}:progress", json.dumps(snap))
    r.publish(f"job:{job_id}:updates", json.dumps(snap))  # for WebSocket push


def long_task(job_id: str, n_steps: int = 5):
    _write_progress(job_id, "started", 0, "starting...")
    try:
        for i in range(1, n_steps + 1):
            time.sleep(STEP_S)  # do real work here
            pct = int(i * 100 / n_steps)
            _write_progress(job_id, "running", pct, f"step {i}/{n_steps}")
        result = {"msg": "done", "value": 42}
        _write_progress(job_id, "finished", 100, "complete", result=result)
        return result
    except Exception as e:
        _write_progress(job_id, "failed", message="error", error={"type": type(e).__name__, "detail": str(e)})
        raise


def seed(job_id: str) -> None:
    """The six fields that the lesson's `POST /workflow/run` wrote."""
    r.set(
        f"job:{job_id}:progress",
        json.dumps(
            {"job_id": job_id, "status": "queued", "percent": 0, "message": "queued", "result": None, "error": None}
        ),
    )
