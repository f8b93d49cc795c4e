"""The database of history: SQLite in the data folder, or PostgreSQL by `HEADWAY_DATABASE_URL`."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from headway.errors import SettingsError, Unavailable
from headway.settings import Settings

#: The default database's name in `HEADWAY_DATA_DIR`.
FILE = "history.sqlite3"
#: What a well database raises for what it is given: a value out of its range, a text that is none.
REFUSALS = (DataError, IntegrityError, OverflowError, ValueError)
# Seconds that one writer waits for another one's transaction.
_BUSY_S = 30
_AGAIN_S = 0.02
_CONNECT_S = 5
# How many of SQLite's steps are taken between two looks at the clock.
_STEPS = 10_000
# Any number that nobody else takes: PostgreSQL's advisory locks know nothing but numbers.
_WRITER_LOCK = 0x68656164776179
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class HistoryUnavailable(Unavailable):
    """The database of history does not answer, or cannot serve now; the sentence says why."""


class DatabaseAway(HistoryUnavailable):
    """The database does not serve; the sentence is the driver's, which may name its address, path or user."""


class NoHistory(HistoryUnavailable):
    """No recorder has made anything yet where history is kept."""

    def __init__(self) -> None:
        super().__init__("there is no history yet: a recorder (python -m worker.recorder) begins it")


def database_url(settings: Settings) -> URL:
    """Where history is kept.

    Raises:
        SettingsError: `HEADWAY_DATABASE_URL` is no address of a database that headway knows.
    """
    if settings.database_url is None:
        return URL.create(_DRIVERS["sqlite"], database=str((settings.data_dir / FILE).absolute()))
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):
        raise SettingsError("HEADWAY_DATABASE_URL: is no address of a database") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise SettingsError(f"HEADWAY_DATABASE_URL: {url.drivername!r} is neither sqlite nor postgresql")
    if driver == _DRIVERS["sqlite"] and url.database in {None, "", ":memory:"}:
        raise SettingsError("HEADWAY_DATABASE_URL: name a file, such as sqlite:////var/lib/headway/history.sqlite3")
    return url.set(drivername=driver)


class Database:
    """Connections to history, for one process.

    Args:
        read_only: to be read alone; nothing is made that is not there.
        give_up_s: seconds after which a question to one that is read alone is given up; None for never.
    """

    def __init__(self, url: URL, *, read_only: bool = False, give_up_s: float | None = None) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._read_only = read_only
        self._engine = _sqlite(url, read_only, give_up_s) if self.is_sqlite else _postgresql(url, read_only, give_up_s)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that no other writer's runs beside, from its first look on.

        Raises:
            HistoryUnavailable: nothing is written.
            DataError, IntegrityError, OverflowError, ValueError: nothing is written, because of what was given.
        """
        with self._transaction() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One look at everything as it is at a time.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        with self._transaction() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except REFUSALS:
            raise
        # What fails while a connection is set up comes as the driver's own.
        except (DBAPIError, sqlite3.Error, OSError) as error:
            if isinstance(error, DBAPIError) and _is_too_much(error):
                raise DataError(error.statement, error.params, error.orig or error) from error
            cause = error.orig if isinstance(error, DBAPIError) else error
            what = "read" if self._read_only else "kept"
            if self.is_sqlite:
                # An open connection would go on with a broken file after another one has been put in its place.
                self._engine.dispose()
            raise DatabaseAway(f"history cannot be {what} now: {str(cause).strip()}") from error


def _is_too_much(error: DBAPIError) -> bool:
    """Whether PostgreSQL refuses it by one of its limits, such as a value that is too long for an index."""
    return str(getattr(error.orig, "sqlstate", None)).startswith("54")


def _sqlite(url: URL, read_only: bool, give_up_s: float | None) -> Engine:
    path = Path(url.database or "").absolute()

    def connect() -> sqlite3.Connection:
        if read_only and not path.exists():
            raise NoHistory
        if not read_only:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = "ro" if read_only else "rwc"
        # The driver begins no transaction of its own accord, and the pool passes connections between threads.
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        if not read_only:
            _patiently(connection, "PRAGMA journal_mode = WAL")
            # What is acknowledged to Redis must be on the disk.
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    engine = create_engine(url, creator=connect, poolclass=QueuePool)
    # A deferred transaction that has read is told "database is locked" at its first write, whatever the timeout.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if give_up_s is not None:
            deadline_s = time.monotonic() + give_up_s
            driver.set_progress_handler(lambda: time.monotonic() > deadline_s, _STEPS)
        _patiently(driver, begin)

    return engine


def _patiently(connection: Any, statement: str) -> None:
    """Carry out what several may want of a new database at once.

    While one of them gives it its write-ahead log, SQLite tells the others "database is locked" without waiting.
    """
    deadline_s = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
        time.sleep(_AGAIN_S)


def _postgresql(url: URL, read_only: bool, give_up_s: float | None) -> Engine:
    options = "" if give_up_s is None else f"-c statement_timeout={round(give_up_s * 1000)}"
    engine = create_engine(
        url,
        connect_args={"connect_timeout": _CONNECT_S, "application_name": "headway", "options": options},
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
    )
    if read_only:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine
