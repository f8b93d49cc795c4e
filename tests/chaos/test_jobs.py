"""Every job ends, once and truly, whatever is killed meanwhile.

Real workers, judges, recorders and APIs run short real jobs, and are killed at random while people pause, resume,
cancel and retry. `make test` has a short run of a known seed, `make chaos` a long one of a new one, which it prints.
"""

import os
import secrets
from pathlib import Path

import pytest

from tests.chaos.run import SETTLE_S, Run

DURATION_S = float(os.environ.get("CHAOS_JOBS_DURATION_S", "45"))
#: A judge that takes 4 s of silence for death instead of 12, where time is short.
SOON = {"HEADWAY_LOST_S": "4", "HEADWAY_HEARTBEAT_S": "0.5"}
GRACES = {
    "HEADWAY_PAUSE_GRACE_S": "0.2",
    "HEADWAY_CANCEL_GRACE_S": "0.5",
    "HEADWAY_SHUTDOWN_GRACE_S": "0.5",
    "HEADWAY_RECORDER_CLAIM_S": "2",
    "HEADWAY_EVENTS_MAX": "1000000",
}
_LONG_S = 100.0


def seed() -> int:
    """The one that was asked for, else a new one in `make chaos`, else always the same."""
    if "CHAOS_SEED" in os.environ:
        return int(os.environ["CHAOS_SEED"])
    return secrets.randbelow(10**9) if "CHAOS_ROUNDS" in os.environ else 15


@pytest.mark.slow
@pytest.mark.timeout(DURATION_S + 3 * SETTLE_S + 60)
@pytest.mark.parametrize("seed", [seed()])
def test_every_job_ends_once_and_truly_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    env = GRACES if DURATION_S >= _LONG_S else GRACES | SOON
    run = Run(tmp_path, seed, **env)
    faults = run.carry_out(DURATION_S)
    print(f"seed {seed}, {DURATION_S:g} s", *run.counts, sep="\n  ")
    wrong = [f"to repeat: CHAOS_SEED={seed} CHAOS_JOBS_DURATION_S={DURATION_S:g} make chaos", *faults]
    assert len(wrong) == 1, "\n".join(wrong[:40])
    assert run.striker.kills
