"""What follows a failed attempt: the next one, after a delay, or the end."""

from dataclasses import dataclass

from headway import body
from headway.body import Members
from headway.clock import utc_now
from headway.quantities import duration
from headway.snapshot import JobError, Policy, Spec

#: A delay stops doubling here, unless the task's first one is longer, in seconds.
DELAY_MAX_S = 3_600.0
# None at all would mean that the attempt is in its queue already.
_DELAY_MIN_S = 0.001
_DETAIL_MAX = 300


@dataclass(frozen=True, slots=True)
class Following:
    """The next attempt of a job: its queued members, and the seconds until the monitor puts it into its queue."""

    members: Members
    delay_s: float


def following(spec: Spec, attempt: int, error: JobError) -> Following | None:
    """What follows an attempt that failed by `error`; None if no automatic attempt is left.

    A retry by hand counts as an attempt too, so that what has used up its automatic ones gets no further ones by it.
    """
    if attempt > spec.policy.retries:
        return None
    delay_s = delay_before(spec.policy, attempt + 1)
    why = f"{error.type}: {error.detail}" if error.detail else error.type
    when = "at once" if delay_s < 1 else f"in {duration(delay_s)}"
    message = f"attempt {attempt} failed ({_one_line(why)}), attempt {attempt + 1} follows {when}"
    return Following(body.queued(spec, message=message), delay_s)


def delay_before(policy: Policy, attempt: int) -> float:
    """Seconds between the end of an attempt and the automatic attempt after it, `attempt`, which is at least 2."""
    longest_s = max(DELAY_MAX_S, policy.backoff)
    return min(longest_s, max(_DELAY_MIN_S, policy.backoff * 2.0 ** (attempt - 2)))


def ended_for_good(error: JobError) -> Members:
    """The members that change when a job fails and no automatic attempt is left."""
    return {
        "status": "failed",
        "message": "error",
        "error": error.model_dump(),
        "can": ["retry"],
        "finished_at": utc_now(),
        "eta_s": None,
        "eta_range_s": None,
        "stalled_since": None,
    }


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _DETAIL_MAX else f"{line[: _DETAIL_MAX - 1]}…"
