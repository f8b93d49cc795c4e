"""How a command ends: the exit statuses, and which of several counts."""

from collections.abc import Iterable
from enum import IntEnum

from headway.errors import BadInput, HeadwayError, SettingsError, Unavailable
from headway.snapshot import Snapshot
from headway.status import Status


class End(IntEnum):
    """An exit status."""

    FINISHED = 0
    FAILED = 1
    #: A wrong option, parameter or setting; what sysexits.h and most commands take too.
    USAGE = 2
    CANCELED = 3
    #: The API answered and said no: there is no such job or task, or this caller may not.
    REFUSED = 4
    #: The API, or what it needs, does not answer; EX_UNAVAILABLE of sysexits.h.
    AWAY = 69
    INTERRUPTED = 130
    #: Whoever read the output went away, as a shell shows a death by SIGPIPE.
    UNREAD = 141


_MILDEST_FIRST = [End.FINISHED, End.CANCELED, End.FAILED, End.USAGE, End.REFUSED, End.AWAY]
_ENDS = {Status.FAILED: End.FAILED, Status.CANCELED: End.CANCELED}


def end_of_job(snapshot: Snapshot) -> End:
    """What a job's state comes to; one that is under way is all right so far."""
    return _ENDS.get(snapshot.status, End.FINISHED)


def end_of_error(error: HeadwayError) -> End:
    """What an error comes to."""
    match error:
        case BadInput() | SettingsError():
            return End.USAGE
        case Unavailable():
            return End.AWAY
        case _:
            return End.REFUSED


def worst(ends: Iterable[End]) -> End:
    """The end of several jobs together: canceled is worse than finished, failed than canceled, no answer worst."""
    return max(ends, key=_MILDEST_FIRST.index, default=End.FINISHED)
