"""What may be asked of a job."""

from headway.snapshot import Action, Policy
from headway.status import Status


def possible(status: Status, policy: Policy) -> list[Action]:
    """The actions that a job's state and its task's policy allow, as the snapshot's `can` lists them."""
    if status.terminal:
        return ["retry"]
    if status is Status.PAUSED:
        return ["resume", "cancel"]
    if status is Status.QUEUED or policy.pause != "never":
        return ["pause", "cancel"]
    return ["cancel"]
