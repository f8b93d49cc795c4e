"""What the children are told, and the file that tells it to other terminals."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from headway.settings import Settings
from headway.stack.errors import StackError
from headway.stack.family import MARK

CHILD_GRACE_S = 3.0


def api_url(settings: Settings) -> str:
    """Where the API that this stack starts is found."""
    host = settings.api_host.strip("[]")
    return f"http://[{host}]:{settings.api_port}" if ":" in host else f"http://{host}:{settings.api_port}"


def child_environment(settings: Settings, redis_url: str, stack_id: str) -> dict[str, str]:
    """The environment of every child: this one, with the settings as they were decided."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "HEADWAY_REDIS_URL": redis_url,
        "HEADWAY_API_HOST": settings.api_host,
        "HEADWAY_API_PORT": str(settings.api_port),
        "HEADWAY_API_URL": api_url(settings),
        "HEADWAY_UI_PORT": str(settings.ui_port),
        "HEADWAY_DATA_DIR": str(settings.data_dir.absolute()),
        "HEADWAY_SHUTDOWN_GRACE_S": f"{grace_s(settings):g}",
        MARK: stack_id,
    }


def shell_environment(settings: Settings, redis_url: str) -> dict[str, str]:
    """What a command in another terminal has to know to find everything that runs here."""
    database = (
        {}
        if settings.database_url is None
        else {"HEADWAY_DATABASE_URL": _anywhere(settings.database_url.get_secret_value())}
    )
    return {
        "REDIS_URL": redis_url,
        "HEADWAY_API_URL": api_url(settings),
        "HEADWAY_UI_PORT": str(settings.ui_port),
        "HEADWAY_DATA_DIR": str(settings.data_dir.absolute()),
        **database,
    }


def grace_s(settings: Settings) -> float:
    """How long a worker lets its job finish when everything stops, in seconds: short, unless it was set."""
    return settings.shutdown_grace_s if "shutdown_grace_s" in settings.model_fields_set else CHILD_GRACE_S


@contextmanager
def environment_file(path: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Write `export NAME='value'` lines that a shell can read, for this user only; remove them at the end.

    Raises:
        StackError: the file cannot be written.
    """
    text = "".join(f"export {name}={_quoted(value)}\n" for name, value in variables.items())
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StackError(f"HEADWAY_DATA_DIR: {path} cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        # Another stack may have put its own there.
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                path.unlink()


def _anywhere(database_url: str) -> str:
    """The same database for a command in another folder."""
    scheme, separator, path = database_url.partition(":///")
    if scheme != "sqlite" or not path or path.startswith(("/", ":")):
        return database_url
    return f"{scheme}{separator}{Path(path).absolute()}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"
