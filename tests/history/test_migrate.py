"""Bringing a database to this version's schema."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from headway.history import schema
from headway.history.database import Database, HistoryUnavailable, database_url
from headway.history.migrate import check, migrate
from headway.settings import Settings


def test_the_steps_lead_to_the_tables_that_the_code_knows(empty_database: Database):
    migrate(empty_database)
    with empty_database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


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
    with pytest.raises(HistoryUnavailable, match="a recorder brings it there"):
        check(empty_database)
    migrate(empty_database)
    check(empty_database)


def test_whoever_reads_cannot_write(database: Database, settings: Settings):
    reader = Database(database_url(settings), read_only=True)
    check(reader)
    with pytest.raises(HistoryUnavailable, match=r"read-?only"), reader.read() as connection:
        connection.execute(text("DELETE FROM jobs"))
    reader.close()


def test_whoever_reads_makes_no_file(tmp_path: Path):
    reader = Database(database_url(Settings(data_dir=tmp_path / "data")), read_only=True)
    with pytest.raises(HistoryUnavailable, match="unable to open"):
        check(reader)
    assert not (tmp_path / "data").exists()


def test_a_broken_file_is_said_to_be_one(tmp_path: Path):
    (tmp_path / "history.sqlite3").write_bytes(b"anything but a database " * 100)
    with pytest.raises(HistoryUnavailable, match="file is not a database"):
        migrate(Database(database_url(Settings(data_dir=tmp_path))))
