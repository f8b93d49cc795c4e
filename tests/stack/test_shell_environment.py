"""What a command in another terminal is told."""

from pathlib import Path

import pytest

from headway.settings import Settings
from headway.stack.environment import shell_environment


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite:///kept/x.db", "sqlite:///{here}/kept/x.db"),
        ("sqlite:///x.db?a=b", "sqlite:///{here}/x.db?a=b"),
        ("sqlite:////kept/x.db", "sqlite:////kept/x.db"),
        ("postgresql:///x?host=/run", "postgresql:///x?host=/run"),
    ],
)
def test_a_database_beside_the_stack_is_found_from_any_folder(
    address: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = shell_environment(Settings(database_url=address), "redis://127.0.0.1:6379/0")
    assert shell["HEADWAY_DATABASE_URL"] == told.format(here=tmp_path)
