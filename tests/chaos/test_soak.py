"""No job is called dead that lives, whatever its machine goes through: `make soak`, and a short one here."""

import os
from pathlib import Path

import pytest

from tests.chaos.soak import WORKERS, Soak, fake_clock
from tests.needs import need

DURATION_S = float(os.environ.get("SOAK_DURATION_S", "0"))
#: Each longer than a judge waits for a word, 4 s here and 12 s in `make soak`.
SHORT = {"outage_s": 5.0, "stop_s": 5.0}
LONG = {"outage_s": 30.0, "stop_s": 60.0}
SOON = {"HEADWAY_LOST_S": "4", "HEADWAY_HEARTBEAT_S": "0.5"}


@pytest.mark.slow
@pytest.mark.timeout(DURATION_S + 400)
def test_no_job_is_called_dead_that_lives(tmp_path: Path) -> None:
    library = fake_clock()
    need(library is not None, "libfaketime")
    soak = Soak(tmp_path, library or Path(), **(LONG if DURATION_S else SHORT), **({} if DURATION_S else SOON))
    events = soak.carry_out(DURATION_S)
    print(f"{DURATION_S:g} s: {soak.counts}")
    assert soak.crew.faults == []
    ends = [(event.snapshot["status"], event.attempt, event.ended) for event in events if event.ends_attempt]
    assert [(status, attempt) for status, attempt, _ in ends] == [("finished", 1)] * WORKERS, ends
    clocks = {event.snapshot["updated_at"][:13] for event in events}
    assert len(clocks) > 1, "the clock did jump"
    for trace in tmp_path.glob("*.ran"):
        assert len(trace.read_text().splitlines()) == 1
        assert not trace.with_suffix(".twice").exists()
