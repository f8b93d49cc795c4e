"""A job of RQ's own that does nothing; its worker imports no more than this for it."""


def nothing() -> None:
    """Do nothing."""
