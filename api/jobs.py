"""Finding one job for one principal."""

from api.auth import Action, Principal, allow
from headway.errors import JobNotFound
from headway.keys import check_job_id
from headway.store import AsyncStore, Stored


async def find_job(store: AsyncStore, principal: Principal, job_id: str, action: Action = "read") -> Stored:
    """The latest snapshot of a job that `principal` may do this to.

    Raises:
        InvalidJobId: no job can have this id.
        JobNotFound: there is none, or not for this principal.
        Unreadable: what is stored is no snapshot.
    """
    stored = await store.read(check_job_id(job_id))
    if stored is None or not allow(principal, action, stored):
        raise JobNotFound(job_id)
    return stored
