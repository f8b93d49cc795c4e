"""`python -m tests.benchmarks.record_runs`: run the example tasks for real and keep how each run went, for `eta`."""

import json
import random
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pandas as pd
from redis import Redis

from headway import Client, keys
from headway.stack.redis_server import RedisServer
from tests.servers import api_server, worker_process
from worker.examples.profile_table import flights

#: Where the runs are kept, a line each in the order in which they ran.
RUNS = Path(__file__).with_name("runs.jsonl")
RUNS_EACH = 20
_LONGEST_S = 300.0


def main() -> None:
    """Let one worker run every task in turn, with inputs of several sizes."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder, RedisServer(Path(folder)) as redis:
        tables = Path(folder) / "tables"
        tables.mkdir()
        roots = {"HEADWAY_DATA_ROOTS": str(tables)}
        with (
            worker_process(redis.url, **roots),
            api_server(redis.url, HEADWAY_DATA_DIR=folder, **roots) as api,
            Client(api.url) as client,
            Redis.from_url(redis.url) as events,
            RUNS.open("w", encoding="utf-8") as file,
        ):
            for task, params in _wanted(tables):
                job_id = client.submit(task, params).job_id
                client.result(job_id, timeout_s=_LONGEST_S)
                file.write(json.dumps({"task": task, **_points(events, job_id)}, separators=(",", ":")) + "\n")
                file.flush()


def _wanted(tables: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    dice = random.Random(6)
    header, _, lines = pd.read_csv(flights()).to_csv(index=False).partition("\n")
    flown = lines.splitlines(keepends=True)
    for at in range(RUNS_EACH):
        rows = dice.randint(300_000, 1_200_000)
        table = tables / f"{at}.csv"
        table.write_text(header + "\n" + "".join(islice(cycle(flown), rows)))
        yield "profile_table", {"path": str(table), "chunk_rows": dice.choice([5_000, 10_000, 20_000])}
        table.unlink()
        yield "train_digits", {"epochs": dice.randint(300, 1_000), "seed": at}
        yield "search_digits", {"n_trials": dice.randint(200, 500), "seed": at}
        yield "bootstrap_delays", {"resamples": dice.randint(1_500, 5_000), "seed": at}


def _points(events: Redis, job_id: str) -> dict[str, Any]:
    """What was written of a job: active seconds and fraction of each frame, and its first total."""
    size, points = None, []
    for _, fields in events.xrange(keys.EVENTS):
        frame = json.loads(fields[b"snapshot"])
        if frame["job_id"] == job_id and frame["elapsed_s"] is not None:
            size = size or frame["total"]
            fraction = frame["fraction"]
            points.append([frame["elapsed_s"], None if fraction is None else round(fraction, 5)])
    events.delete(keys.EVENTS)
    return {"size": size, "points": points}


if __name__ == "__main__":
    main()
