"""Jobs that are written at a steady rate, each write stamped with its time."""

from time import monotonic, monotonic_ns, sleep
from uuid import uuid4

from headway import body
from headway.clock import utc_now
from headway.settings import Settings
from headway.snapshot import Spec
from headway.store import Store
from headway.store.calls import Holder

#: What ends the stamp of the last write.
LAST = "/last"


def create_jobs(redis_url: str, count: int) -> list[str]:
    """Jobs that wait for their first attempt."""
    store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
    specs = [Spec(job_id=uuid4().hex[:12], task="fan_out", created_at=utc_now()) for _ in range(count)]
    for spec in specs:
        store.run(store.calls.create(spec, body.queued(spec), request=uuid4().hex))
    store.close()
    return [spec.job_id for spec in specs]


def write(redis_url: str, job_ids: list[str], per_s: float, seconds: float) -> dict[str, float]:
    """Write each job so often for so long, by its ordinary atomic update."""
    store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
    holders = [Holder(job_id, 1, uuid4().hex, None) for job_id in job_ids]
    members = body.queued(Spec(job_id="-", task="fan_out", created_at=utc_now())) | {"status": "running"}
    given: dict[str, int] = {}
    for holder in holders:
        members["job_id"] = holder.job_id
        given[holder.job_id] = store.run(store.calls.start(holder, 1, members)).or_raise(holder.job_id).seq
    rounds = int(per_s * seconds)
    began_s = monotonic()
    for i in range(rounds):
        ending = LAST if i == rounds - 1 else ""
        sleep(max(0.0, began_s + i / per_s - monotonic()))
        for holder in holders:
            members["job_id"] = holder.job_id
            members["message"] = f"t={monotonic_ns()}{ending}"
            call = store.calls.write(holder, i + 2, given[holder.job_id], members)
            given[holder.job_id] = store.run(call).seq
    took_s = monotonic() - began_s
    store.close()
    return {"writes_per_s": rounds * len(job_ids) / took_s}
