"""What has to be closed after a test, so that no later one meets it as garbage."""

from collections.abc import Callable

#: Called after the test that is running, the last one first.
AFTER_TEST: list[Callable[[], None]] = []
