"""Servers of a round's own, since it ends them and starts them again."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.faults import Servers


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """A Redis and two APIs."""
    with ExitStack() as stack:
        yield Servers(stack, tmp_path / "redis")
