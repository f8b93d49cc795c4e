"""Recorders as processes of their own: several, killed, started again, without their database, without Redis."""

import random
import shutil
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select, text

from headway import keys, recorders
from headway.history import schema
from headway.history.database import Database, database_url
from headway.history.reading import History
from headway.history.streams import GROUP
from headway.recorders import RecorderInfo
from headway.settings import Settings
from headway.stack.redis_server import RedisServer
from tests.history.desk import Desk
from tests.history.forked import doomed_recorder, recorder_process
from tests.servers import process
from tests.wait import wait_for


def said(desk: Desk) -> list[RecorderInfo]:
    """What recorders say of themselves."""
    names = desk.store.run(recorders.names())
    return desk.store.run(recorders.infos(names)) if names else []


def is_there(desk: Desk, running: BaseProcess) -> bool:
    return any(f"-{running.pid}-" in one.name for one in said(desk))


def held(desk: Desk) -> int:
    """How many entries are taken and not written."""
    return sum(desk.redis.xpending(stream, GROUP)["pending"] for stream in (keys.EVENTS, keys.LOGS))


def told(desk: Desk) -> list[tuple[str, int, str]]:
    """Each event in the stream: its job, its seq and its place."""
    return sorted(
        (entry.job_id(), int(entry.fields[b"snapshot"][7:].split(b",")[0]), entry.place) for entry in desk.entries()
    )


def recorded(database: Database) -> list[tuple[str, int, str]]:
    """The same of each row."""
    table = schema.job_progress_events
    with database.read() as connection:
        return sorted((row.job_id, row.seq, row.entry) for row in connection.execute(select(table)))


def count(history: History, job_id: str) -> int:
    return len(history.events(job_id).events)


def test_a_recorder_records_what_was_and_what_comes_and_lets_go_of_it(settings, desk, history):
    before = desk.finished(2)
    with recorder_process(settings):
        wait_for(lambda: count(history, before) == 5, 20, "what was is recorded")
        after = desk.finished(2)
        wait_for(lambda: count(history, after) == 5, 15, "what comes is recorded")
        wait_for(lambda: held(desk) == 0, 15, "nothing is held")
        wait_for(lambda: said(desk)[0].recorded == 10, 15, "it says how it is")
    assert said(desk) == []
    assert desk.redis.xinfo_consumers(keys.EVENTS, GROUP) == []


def rounds_of_kills(
    settings: Settings, database: Database, desk: Desk, *, kills: int, jobs: int, take_max: int
) -> None:
    """Kill two recorders at once, again and again, in the middle of their work, while jobs of 48 events are written."""
    dice = random.Random(20251028)
    for _ in range(jobs // 2):
        desk.finished(45)
    writing = threading.Thread(target=lambda: [desk.finished(45) for _ in range(jobs - jobs // 2)])
    writing.start()
    for _ in range(kills // 2):
        pair = [
            doomed_recorder(settings, take_max=take_max, live_s=dice.uniform(0, 0.03), after_write=after_write)
            for after_write in (False, True)
        ]
        for one in pair:
            one.join(30)
            assert one.exitcode == -signal.SIGKILL
    writing.join()
    with recorder_process(settings):
        wait_for(lambda: len(recorded(database)) >= jobs * 48, 30, "all is recorded")
        wait_for(lambda: held(desk) == 0, 10, "nothing is held")
    assert len(told(desk)) == jobs * 48
    assert recorded(database) == told(desk)
    assert History(database).missing(None) == 0


def test_killed_at_random_moments_recorders_neither_lose_nor_double_an_event(settings, database, desk):
    rounds_of_kills(settings, database, desk, kills=10, jobs=60, take_max=20)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_fifty_times_during_twenty_thousand_events(settings, database, desk):
    rounds_of_kills(settings, database, desk, kills=50, jobs=417, take_max=60)


def test_a_recorder_whose_database_is_away_waits_and_says_so_and_loses_nothing(settings, database, desk, history):
    with database.write() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO jobs_away"))
    with recorder_process(settings):
        job_id = desk.finished(1)
        (waiting,) = wait_for(lambda: [one for one in said(desk) if one.waiting], 20, "it says that it waits")
        assert "jobs" in waiting.waiting
        assert count(history, job_id) == 0
        with database.write() as connection:
            connection.execute(text("ALTER TABLE jobs_away RENAME TO jobs"))
        wait_for(lambda: count(history, job_id) == 4, 20, "it goes on")
        wait_for(lambda: [one for one in said(desk) if one.waiting is None], 15, "it says so")


def test_what_left_the_streams_unrecorded_is_counted_in_the_open(settings, database, desk):
    for _ in range(3):
        desk.finished(1)
    desk.redis.xtrim(keys.EVENTS, maxlen=7, approximate=False)
    with recorder_process(settings):
        wait_for(lambda: said(desk) and said(desk)[0].dropped == 5, 20, "it says how many")
    assert len(recorded(database)) == 7


def test_lesson_writers_are_recorded(settings, desk, history):
    plain = '{"status": "%s", "percent": 40, "message": "step", "result": null, "error": null}'
    desk.redis.set(keys.snapshot("before"), plain % "running")
    with recorder_process(settings):
        wait_for(lambda: count(history, "before") == 1, 20, "who wrote before is found")
        desk.redis.set(keys.snapshot("after"), plain % "running")
        desk.redis.publish(keys.updates("after"), plain % "running")
        wait_for(lambda: count(history, "after") == 1, 10, "who writes is heard")
        desk.redis.set(keys.snapshot("after"), plain % "finished")
        desk.redis.publish(keys.updates("after"), plain % "finished")
        wait_for(lambda: count(history, "after") == 2, 10, "each change is an event")


def test_a_redis_that_comes_back_empty_is_recorded_on(tmp_path: Path):
    with RedisServer(tmp_path / "redis") as server, Redis.from_url(server.url) as redis:
        address = f"sqlite:///{tmp_path}/history.sqlite3"
        settings = Settings(redis_url=server.url, database_url=address)
        desk, database = Desk(settings, redis), Database(database_url(settings))
        history = History(database)
        with recorder_process(settings):
            before = desk.finished(5)
            wait_for(lambda: said(desk), 20, "it is there")
            wait_for(lambda: count(history, before) == 8, 20, "what was is recorded")
            server.kill()
            shutil.rmtree(tmp_path / "redis")
            server.start()
            after = desk.finished(1)
            wait_for(lambda: count(history, after) == 4, 20, "what comes is recorded")
            assert count(history, before) == 8
            wait_for(lambda: said(desk), 20, "it says how it is")
            assert said(desk)[0].dropped == 0
        desk.close()
        database.close()


def test_a_wrong_address_of_a_database_stops_the_start():
    with process([sys.executable, "-m", "worker.recorder"], {"HEADWAY_DATABASE_URL": "mysql://x/y"}) as (running, log):
        assert running.wait(20) == 2
        assert log.read_text() == "headway: HEADWAY_DATABASE_URL: 'mysql' is neither sqlite nor postgresql\n"
