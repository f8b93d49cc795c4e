"""What a page of the list and figures about a time cost with a million jobs, against a thousand."""

import json
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, insert, text

from headway.analytics import Bucket
from headway.clock import format_utc
from headway.history import schema
from headway.history.database import Database, database_url
from headway.history.figures import Figures
from headway.history.job_list import JobList
from headway.history.migrate import migrate
from headway.history.window import Window
from headway.listing import Filters
from headway.settings import Settings
from headway.status import Status
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, absolute, against, at_most
from tests.benchmarks.rounds import Measured, side_by_side
from tests.history.rolled import make_anew
from tests.postgres import postgres_server

FEW, MANY = 1_000, 1_000_000
#: A window has so many jobs, however many there are beside it.
WINDOW_JOBS = 500
#: All time is so many days; the jobs end in the last 70 of them.
ALL_DAYS = 990
_STEP_S = 6.0
_END_S = 1_761_600_000.0
_CHUNK = 10_000
_TIMES = 20


def lists_and_figures(rounds: int) -> list[Figure]:
    """Both sides ask the same of a database with a million jobs and of one with a thousand."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-bench-")))
        postgres = stack.enter_context(postgres_server())
        for suffix, few, many in (
            ("", f"sqlite:///{folder}/few.sqlite3", f"sqlite:///{folder}/many.sqlite3"),
            ("-pg", postgres.new_database(), postgres.new_database()),
        ):
            for address, jobs in ((few, FEW), (many, MANY)):
                in_child(fill, address=address, jobs=jobs)

            def ours(address: str = many) -> Measured:
                measured: Measured = in_child(costs_ms, address=address, jobs=MANY)
                return measured

            def peer(address: str = few) -> Measured:
                measured: Measured = in_child(costs_ms, address=address, jobs=FEW)
                return measured

            found = side_by_side(ours, peer, rounds)
            names = ("list", "list-filtered", "figures")
            figures += [against(f"{name}{suffix}", "ms", *found.of(name), at_most(2)) for name in names]
            figures.append(absolute(f"all-time{suffix}", "ms", found.of("all-time")[0], at_most(300)))
    return figures


def fill(address: str, jobs: int) -> None:
    """Make a database with so many jobs, one each six seconds, of four tasks."""
    with closing(Database(database_url(Settings(database_url=address)))) as database:
        migrate(database)
        with database.write() as connection:
            for first in range(0, jobs, _CHUNK):
                _insert(connection, database.is_sqlite, list(_rows(first, min(first + _CHUNK, jobs), jobs)))
        with database.write() as connection:
            make_anew(connection)
            if not database.is_sqlite:
                connection.execute(text("ANALYZE"))


def costs_ms(address: str, jobs: int) -> Measured:
    """Milliseconds of a page of 50, of one of a status and a task, and of the figures of a window in the middle and
    of all time."""
    with closing(Database(database_url(Settings(database_url=address)), read_only=True)) as database:
        job_list, figures = JobList(database), Figures(database)
        middle_s = _END_S - jobs / 2 * _STEP_S
        window = Window(middle_s - WINDOW_JOBS / 2 * _STEP_S, middle_s + WINDOW_JOBS / 2 * _STEP_S)
        ever = Window(_END_S - ALL_DAYS * 86_400, _END_S + 86_400)
        place = (middle_s * 1000, "")
        rare = Filters(frozenset({Status.FAILED}), task="task-1")
        return {
            "list": _ms(lambda: job_list.below(place, Filters(), 50, None)),
            "list-filtered": _ms(lambda: job_list.below((math.inf, ""), rare, 5, None)),
            "figures": _ms(lambda: _ask_all(figures, window)),
            "all-time": _ms(lambda: _ask_all(figures, ever, "day")),
        }


def _ask_all(figures: Figures, window: Window, bucket: Bucket = "hour") -> None:
    figures.throughput(window, bucket)
    figures.tasks(window)
    figures.slowest(window)


def _ms(ask: Callable[[], object]) -> float:
    ask()
    start_s = perf_counter()
    for _ in range(_TIMES):
        ask()
    return (perf_counter() - start_s) * 1000 / _TIMES


def _rows(first: int, end: int, jobs: int) -> Iterator[dict[str, Any]]:
    filling = {"desc": "reading", "unit": "rows", "bars": [], "metrics": {}, "can": [], "result": {"text": "x" * 400}}
    for i in range(first, end):
        created_s = _END_S - (jobs - i) * _STEP_S
        run_s = 1.0 + (i * 7919) % 1_000 / 100
        status = Status.FAILED if i % 20 == 0 else Status.FINISHED
        known = {
            "job_id": f"j{i:09d}", "seq": 9, "attempt": 1, "status": status.value, "percent": 100,
            "message": "complete",
            "task": f"task-{i % 3}", "queue": "default", "owner": "ada", "worker": f"w-{i % 8}",
            "created_at": format_utc(created_s), "started_at": format_utc(created_s + 0.5),
            "finished_at": format_utc(created_s + 0.5 + run_s), "updated_at": format_utc(created_s + 0.5 + run_s),
            "elapsed_s": run_s, "paused_s": 0.0,
        }  # fmt: skip
        own = {name: known[name] for name in ("seq", "attempt")} | {"control": None, "updated_at": known["updated_at"]}
        yield known | {
            "entry": f"{round(created_s * 1000):013d}-0000000000", "error": None, "listed_at": known["created_at"],
            "wait_s": 0.5, "run_s": run_s, "snapshot": json.dumps(own | known | filling),
        }  # fmt: skip


def _insert(connection: Connection, is_sqlite: bool, rows: Sequence[dict[str, Any]]) -> None:
    if is_sqlite:
        connection.execute(insert(schema.jobs), rows)
        return
    names = ", ".join(rows[0])
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"COPY jobs ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))
