"""How a socket ends: the codes that clients know, and the ASGI message of each."""

from starlette.types import Message

from headway.errors import HeadwayError, JobNotFound, NotSignedIn, Unreadable
from headway.history.database import HistoryUnavailable

OVER = 1000
BINARY = 1003
TOO_MUCH = 1008
UNREADABLE = 1011
GOING_AWAY = 1012
TRY_AGAIN = 1013
BAD_REQUEST = 4400
SIGN_IN = 4401
UNKNOWN = 4404


def closing(code: int, reason: str = "") -> Message:
    """The message that closes a socket; a browser sees the code only after the accept."""
    return {"type": "websocket.close", "code": code, "reason": reason}


FINISHED = closing(OVER)
NOT_TEXT = closing(BINARY, "send text")
TOO_MANY = closing(TOO_MUCH, "too many messages")
LEAVING = closing(GOING_AWAY, "the server is going away")
NOT_FOUND = closing(UNKNOWN, "job not found")


def of_failure(failure: HeadwayError) -> Message:
    """The close for a job that cannot be followed now."""
    if isinstance(failure, JobNotFound):
        return NOT_FOUND
    if isinstance(failure, NotSignedIn):
        return closing(SIGN_IN, str(failure))
    if isinstance(failure, Unreadable):
        return closing(UNREADABLE, "what is stored for this job is no snapshot")
    away = "history" if isinstance(failure, HistoryUnavailable) else "Redis"
    return closing(TRY_AGAIN, f"{away} does not answer")
