"""Who is asking, and what they may do."""

from dataclasses import dataclass
from typing import Literal

from headway.access.roles import Role
from headway.history.whose import Whose
from headway.store import Stored

Action = Literal["submit", "upload", "list", "observe", "audit", "read", "pause", "resume", "cancel", "retry", "delete"]

LOCAL_NAME = "local"
_NAME_MAX = 100
_LOOKING: frozenset[Action] = frozenset({"list", "observe", "read"})


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks.

    `verified` is whether the name was proved, or only claimed. A `role` of None may do nothing. With an `owner` it is
    about that user's jobs only. `token_id` names what can be taken back, and `expires_at_s` (since 1970) is when it
    ends by itself; None for neither.
    """

    name: str
    verified: bool
    role: Role | None
    owner: str | None = None
    token_id: str | None = None
    expires_at_s: float | None = None

    @property
    def submits_as(self) -> str:
        """Whose a job is that they submit."""
        return self.owner or self.name


#: One who has not said who they are, where everybody has to.
NOBODY = Principal("nobody", verified=False, role=None)


def local_user(claimed: str | None) -> Principal:
    """The one user there is where nobody has to sign in, under the name that they give themselves.

    Args:
        claimed: `X-Headway-User` as received; nothing usable in it makes them "local".
    """
    printable = "".join(char for char in claimed or "" if char.isprintable())
    name = printable.strip()[:_NAME_MAX].strip() or LOCAL_NAME
    return Principal(name, verified=False, role="admin")


def allow(principal: Principal, action: Action, job: Stored | None) -> bool:
    """Whether `principal` may do this; `job` is None where the action is about no single job."""
    if principal.role is None or (principal.role == "viewer" and action not in _LOOKING):
        return False
    if action == "audit":
        # It names everybody's jobs.
        return principal.role == "admin" and principal.owner is None
    if job is None:
        return True
    if principal.owner is not None:
        return job.owner == principal.owner
    # Nobody's jobs, a lesson writer's among them, are for those who look after all of them.
    return principal.role != "viewer" or job.owner is not None


def readable_by(principal: Principal) -> Whose:
    """The jobs that `allow` lets one read who may read any, for a question about many."""
    return Whose(principal.owner, nobodys=principal.role != "viewer")
