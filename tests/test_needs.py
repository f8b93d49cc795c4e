"""What is missing on the machine skips a test at home and fails it in CI."""

import os
from pathlib import Path

import pytest

from tests.needs import need, need_program

# Both are caught, since a skip that gets out of a test would skip that one instead of failing it.
ENDS = (pytest.fail.Exception, pytest.skip.Exception)


@pytest.fixture(params=["", "true"], ids=["home", "ci"])
def outcome(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[BaseException]:
    """What becomes of a test that misses something: skipped at home, failed in CI."""
    monkeypatch.setenv("CI", request.param)
    return pytest.fail.Exception if request.param else pytest.skip.Exception


def test_what_is_missing_is_named(outcome: type[BaseException]) -> None:
    with pytest.raises(ENDS, match="a submarine is not on this machine") as ended:
        need(False, "a submarine")
    assert ended.type is outcome


@pytest.mark.usefixtures("outcome")
def test_what_is_there_is_no_matter() -> None:
    try:
        need(True, "a submarine")
    except ENDS as ended:
        raise AssertionError(f"it is there: {ended}") from None


def test_a_missing_program_is_named_with_those_that_would_do(outcome: type[BaseException]) -> None:
    with pytest.raises(ENDS, match="headway-one or headway-two is not on this machine") as ended:
        need_program("headway-one", "headway-two")
    assert ended.type is outcome


def test_the_first_program_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "headway-two"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert need_program("headway-one", "headway-two") == str(program)
