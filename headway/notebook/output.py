"""One output of a cell, that can be replaced later and from other threads."""

from collections.abc import Mapping
from typing import Any

from IPython.display import DisplayHandle, display


class Output:
    """An output in the cell that runs now. Outside a notebook it is printed once, and then no more."""

    def __init__(self, forms: Mapping[str, Any]) -> None:
        """`forms` are the same thing by MIME type; the front end shows the richest that it knows."""
        self._handle: DisplayHandle | None = display(dict(forms), display_id=True, raw=True)  # type: ignore[no-untyped-call]

    def replace(self, forms: Mapping[str, Any]) -> None:
        """Show this in its place."""
        if self._handle is not None:
            self._handle.update(dict(forms), raw=True)  # type: ignore[no-untyped-call]
