"""Bringing a database to this version's schema."""

import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text

from headway.history import schema
from headway.history.database import Database, HistoryUnavailable, NoHistory, database_url
from headway.history.migrate import check, migrate
from headway.history.migrations import versions
from headway.settings import Settings
from tests.history.past import incompressible
from tests.history.rolled import make_anew

# A job as it was recorded before the step that lists and counts jobs.
_OLD = text(
    "INSERT INTO jobs (job_id, entry, seq, attempt, status, percent, message, owner, created_at, updated_at, "
    "elapsed_s, snapshot) VALUES (:job_id, '1761646894000-0000000001', 1, 1, 'finished', 100, '', 'ann', "
    "'2025-10-28T10:00:00.000Z', '2025-10-28T10:05:00.000Z', 240, :snapshot)"
)

# Two as the step after recorded them, and one that asked for something.
_LISTED = text(
    "INSERT INTO jobs (job_id, entry, seq, attempt, status, percent, message, task, owner, updated_at, finished_at, "
    "snapshot, listed_at, wait_s, run_s) VALUES ('over', '1761646894000-0000000001', 1, 1, 'finished', 100, '', "
    "'count', 'ada', '2025-10-28T10:05:00.000Z', '2025-10-28T10:05:00.000Z', '{}', '2025-10-27T23:59:59.000Z', 0, 240),"
    " ('goes-on', '1761646894000-0000000002', 1, 1, 'running', 50, '', NULL, NULL, '2025-10-28T10:06:00.000Z', NULL, "
    "'{}', '2025-10-28T10:00:00.000Z', 2.5, NULL)"
)
_ASKED = text(
    "INSERT INTO job_actions (job_id, action, by, verified, at, entry, idx) VALUES "
    "('over', 'pause', 'ada', FALSE, '2025-10-28T10:02:00.000Z', '1761646894000-0000000001', 0)"
)


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "headway.history:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_no_step_leans_on_code_that_goes_on_changing():
    for step in Path(versions.__path__[0]).glob("v*.py"):
        assert "headway.history" not in step.read_text(), step.name


def test_what_was_listed_before_is_counted_and_what_was_asked_for_was_allowed(empty_database: Database):
    with empty_database.write() as connection:
        upgrade(connection, "0004")
        connection.execute(_LISTED)
        connection.execute(_ASKED)
    migrate(empty_database)
    with empty_database.write() as connection:
        (asked,) = connection.execute(select(schema.job_actions)).all()
        counted = rolled(connection)
        make_anew(connection)
        assert counted == rolled(connection)
    assert (asked.action, asked.by, asked.outcome, asked.detail) == ("pause", "ada", "allowed", None)
    assert {one for one in counted if one[0] == "day"} == {
        ("day", "submitted", "2025-10-27", "count", "ada", 0, 1),
        ("day", "submitted", "2025-10-28", "", "", 0, 1),
        ("day", "finished", "2025-10-28", "count", "ada", 0, 1),
        ("day", "wait_s", "2025-10-28", "count", "ada", -1_000, 1),
        ("day", "run_s", "2025-10-28", "count", "ada", 276, 1),
    }


def test_names_that_are_too_long_for_an_index_are_cut_before_it_is_made(empty_database: Database):
    long = incompressible(9_000)
    with empty_database.write() as connection:
        upgrade(connection, "0003")
        connection.execute(_OLD, {"job_id": "long", "snapshot": "{}"})
        connection.execute(text("UPDATE jobs SET task = :long, queue = :long"), {"long": long})
    migrate(empty_database)
    with empty_database.read() as connection:
        (job,) = connection.execute(select(schema.jobs)).all()
    assert (job.task, job.queue) == (long[:200], long[:200])


def rolled(connection: Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.execute(select(schema.job_rollups))}


def test_the_steps_lead_to_the_tables_that_the_code_knows(empty_database: Database):
    migrate(empty_database)
    with empty_database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_what_was_recorded_before_is_listed_and_counted_and_a_lesson_writers_is_nobodys(empty_database: Database):
    with empty_database.write() as connection:
        upgrade(connection, "0003")
        for job_id, snapshot in (("own", '{"seq":1,"job_id":"own"}'), ("lesson", '{"job_id": "lesson", "seq": 1}')):
            connection.execute(_OLD, {"job_id": job_id, "snapshot": snapshot})
    migrate(empty_database)
    table = schema.jobs
    with empty_database.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.job_id.desc())).all()
        rolled = schema.job_rollups
        counted = connection.execute(select(rolled.c.what, rolled.c.jobs).where(rolled.c.period == "2025-10-28T10"))
        assert sorted(map(tuple, counted)) == [("finished", 1), ("finished", 1), ("submitted", 1), ("submitted", 1)]
    assert [(row.job_id, row.owner) for row in rows] == [("own", "ann"), ("lesson", None)]
    assert {(row.listed_at, row.finished_at, row.run_s) for row in rows} == {
        ("2025-10-28T10:00:00.000Z", "2025-10-28T10:05:00.000Z", 240)
    }


def test_several_recorders_that_come_at_once_take_each_step_once(settings: Settings):
    databases = [Database(database_url(settings)) for _ in range(4)]
    took: list[bool] = []

    def come(database: Database) -> None:
        took.append(migrate(database))

    threads = [threading.Thread(target=come, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert sorted(took) == [False, False, False, True]


def test_a_database_of_a_newer_version_is_left_alone(database: Database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (migrate, check):
        with pytest.raises(HistoryUnavailable, match="schema 9999, which this version does not know"):
            look(database)


def test_whoever_reads_waits_for_a_recorder(empty_database: Database):
    with pytest.raises(NoHistory, match="a recorder"):
        check(empty_database)
    migrate(empty_database)
    check(empty_database)


def test_whoever_reads_waits_for_the_steps_of_this_version(database: Database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(HistoryUnavailable, match="a recorder brings it there"):
        check(database)


def test_whoever_reads_cannot_write(database: Database, settings: Settings):
    reader = Database(database_url(settings), read_only=True)
    check(reader)
    with pytest.raises(HistoryUnavailable, match=r"read-?only"), reader.read() as connection:
        connection.execute(text("DELETE FROM jobs"))
    reader.close()


def test_a_question_that_takes_too_long_is_given_up(database: Database, settings: Settings):
    numbers = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT COUNT(*) FROM c"
    )
    reader = Database(database_url(settings), read_only=True, give_up_s=0.1)
    with pytest.raises(HistoryUnavailable, match=r"interrupted|timeout"), reader.read() as connection:
        connection.execute(text(numbers))
    with reader.read() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM jobs")).scalar() == 0
    reader.close()


def test_whoever_reads_makes_no_file(tmp_path: Path):
    reader = Database(database_url(Settings(data_dir=tmp_path / "data")), read_only=True)
    with pytest.raises(NoHistory, match="there is no history yet"):
        check(reader)
    assert not (tmp_path / "data").exists()


def test_a_broken_file_is_said_to_be_one(tmp_path: Path):
    (tmp_path / "history.sqlite3").write_bytes(b"anything but a database " * 100)
    with pytest.raises(HistoryUnavailable, match="file is not a database"):
        migrate(Database(database_url(Settings(data_dir=tmp_path))))
