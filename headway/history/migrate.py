"""Bringing the database to the schema of this version."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from headway.history.database import Database, HistoryUnavailable, NoHistory


def migrate(database: Database) -> bool:
    """Take the missing steps, all or none of them; whoever comes at the same time waits and finds them taken.

    Returns:
        Whether there was any.

    Raises:
        HistoryUnavailable: the database does not serve, or was made by a newer headway.
    """
    with database.write() as connection:
        if _is_current(connection):
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True


def check(database: Database) -> None:
    """Make sure that the database has this version's schema.

    Raises:
        NoHistory: no recorder has made anything there yet.
        HistoryUnavailable: it does not serve, a recorder has yet to bring it there, or a newer headway made it.
    """
    with database.read() as connection:
        if MigrationContext.configure(connection).get_current_revision() is None:
            raise NoHistory
        if not _is_current(connection):
            raise HistoryUnavailable("history has not this version's schema yet: a recorder brings it there")


def _is_current(connection: Connection) -> bool:
    found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise HistoryUnavailable(f"history has schema {found}, which this version does not know: use a newer headway")
    return found == scripts.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "headway.history:migrations")
    return config
