"""What a test needs from the machine: missing it skips at home and fails in CI."""

import os
import shutil

import pytest


def need(found: bool, what: str) -> None:
    """Skip the test, or in CI (`CI` is set) fail it, unless `what` was found.

    Args:
        what: completes "… is not on this machine".
    """
    if found:
        return
    sentence = f"{what} is not on this machine"
    if os.environ.get("CI"):
        pytest.fail(f"{sentence}; CI must have it", pytrace=False)
    pytest.skip(sentence)


def need_program(*names: str) -> str:
    """The path of the first of these programs that is on PATH."""
    found = next((path for path in map(shutil.which, names) if path), None)
    need(found is not None, " or ".join(names))
    return found or ""
