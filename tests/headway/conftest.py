"""What several files of this folder begin with."""

from collections.abc import Iterator

import pytest

from tests.headway.scripted_api import ScriptedApi


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    """An API that says what the test has it say."""
    with ScriptedApi() as server:
        yield server
