"""History on each of its databases, and the streams that it is made of."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from headway.history.database import Database, database_url
from headway.history.migrate import migrate
from headway.history.reading import History
from headway.history.writing import Writer
from headway.settings import Settings
from tests.fixtures import module_redis_url
from tests.history.desk import Desk
from tests.history.served import Served
from tests.postgres import PostgresServer, postgres_server
from tests.servers import api_server

__all__ = ["module_redis_url"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server per pytest process."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """`HEADWAY_DATABASE_URL` of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.sqlite3"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def settings(redis_url: str, database_address: str) -> Settings:
    return Settings(redis_url=redis_url, database_url=database_address)


@pytest.fixture
def empty_database(settings: Settings) -> Iterator[Database]:
    """A database without tables."""
    database = Database(database_url(settings))
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database of this version's schema."""
    migrate(empty_database)
    return empty_database


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


@pytest.fixture
def writer(database: Database) -> Writer:
    return Writer(database)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def desk(settings: Settings, redis: Redis) -> Iterator[Desk]:
    """Writes jobs as headway's own writers do."""
    desk = Desk(settings, redis)
    yield desk
    desk.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, module_redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One API for all tests of a module, on each kind of database."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('served')}/history.sqlite3"
    else:
        address = request.getfixturevalue("postgres").new_database()
    settings = Settings(redis_url=module_redis_url, database_url=address)
    with (
        closing(Database(database_url(settings))) as database,
        Redis.from_url(module_redis_url) as client,
        closing(Desk(settings, client)) as desk,
        api_server(module_redis_url, HEADWAY_DATABASE_URL=address) as api,
    ):
        migrate(database)
        yield Served(api.url, settings, database, desk)
