"""Who is asking, and what they may do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from headway.store import Stored

Action = Literal["submit", "upload", "list", "observe", "read", "pause", "resume", "cancel", "retry", "delete"]

#: Makes the principal of a request from its `X-Headway-User`.
Authenticate = Callable[["str | None"], "Principal"]

LOCAL_NAME = "local"
_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks. `verified` is whether the name was proved, or only claimed."""

    name: str
    verified: bool
    kind: Literal["local"]


def local_user(claimed: str | None) -> Principal:
    """The one user there is while none is configured, under the name that they give themselves.

    Args:
        claimed: `X-Headway-User` as received; nothing usable in it makes them "local".
    """
    printable = "".join(char for char in claimed or "" if char.isprintable())
    return Principal(printable.strip()[:_NAME_MAX].strip() or LOCAL_NAME, verified=False, kind="local")


def allow(principal: Principal, action: Action, job: Stored | None) -> bool:
    """Whether `principal` may do this; `job` is None where the action is about no single job."""
    return principal.kind == "local"
