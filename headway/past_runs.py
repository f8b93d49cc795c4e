"""How the latest runs of each task went, as history has it and a job that begins hears it."""

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any

from headway import keys
from headway.eta import Past, Run
from headway.eta.past import MARKS, RUNS_MAX
from headway.store.calls import Call

#: How long they are kept after a job of the task was last recorded, in seconds.
KEEP_S = 604_800


def add(task: str, runs: Iterable[tuple[str, float, Run]]) -> Call[None]:
    """Keep runs, each with its job's id and when it ended (ms since 1970); one that is kept already stays one."""
    key = keys.past(task)
    scored = [part for job_id, ended_ms, run in runs for part in (ended_ms, _written(job_id, run))]
    return Call(
        _nothing,
        commands=(
            ("ZADD", key, *scored),
            ("ZREMRANGEBYRANK", key, 0, -RUNS_MAX - 1),
            ("EXPIRE", key, KEEP_S),
        ),
    )


def known(tasks: list[str]) -> Call[list[bool]]:
    """Of each of these tasks whether runs are kept."""
    return Call(_known, commands=tuple(("EXPIRE", keys.past(task), KEEP_S) for task in tasks))


def read(task: str) -> Call[Past | None]:
    """What the kept runs of a task say; None where there are none."""
    return Call(_past, commands=(("ZRANGE", keys.past(task), 0, -1),))


def _written(job_id: str, run: Run) -> str:
    times = [round(one, 3) for one in run.reached_s]
    return json.dumps({"job": job_id, "size": run.size, "reached_s": times}, separators=(",", ":"))


def _nothing(raw: list[Any]) -> None:
    return None


def _known(raw: list[Any]) -> list[bool]:
    return [bool(one) for one in raw]


def _past(raw: list[Any]) -> Past | None:
    runs = [run for one in raw[0] if (run := _run(one)) is not None]
    return Past(runs) if runs else None


def _run(written: bytes) -> Run | None:
    """A run as it was kept; None for what is none."""
    try:
        found = json.loads(written)
        size, times = found["size"], tuple(float(one) for one in found["reached_s"])
    except (ValueError, TypeError, LookupError):
        return None
    rises = all(isfinite(one) for one in times) and list(times) == sorted(times)
    if len(times) not in {1, len(MARKS)} or not rises or not isinstance(size, int | float | None):
        return None
    return Run(size, times)
