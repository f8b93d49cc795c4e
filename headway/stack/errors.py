"""What goes wrong before or while the stack runs."""

from headway.errors import HeadwayError


class StackError(HeadwayError):
    """The machine or the settings do not allow a start; the sentence says what to change."""
