"""The tasks that a submit may name: those that workers announced, and the lesson's, which is built in."""

from headway import workers
from headway.errors import TaskNotFound
from headway.lesson import LONG_TASK
from headway.store import AsyncStore
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo


async def live_workers(store: AsyncStore) -> list[WorkerInfo]:
    """The workers that were heard of lately, alive or just fallen silent."""
    return await store.run(workers.details(await store.run(workers.names())))


async def known_tasks(store: AsyncStore) -> list[TaskInfo]:
    """Every known task by name, with the number of live workers that serve its own queue."""
    announced = await store.run(workers.catalogue())
    known = {info.name: info for info in (LONG_TASK, *announced)}
    there = await live_workers(store)
    return [_counted(known[name], there) for name in sorted(known)]


async def find_task(store: AsyncStore, name: str) -> TaskInfo:
    """One task.

    Raises:
        TaskNotFound: it is neither announced nor built in.
    """
    announced = await store.run(workers.catalogue())
    for info in (*announced, LONG_TASK):
        if info.name == name:
            return info
    raise TaskNotFound(name)


async def counted_task(store: AsyncStore, name: str) -> TaskInfo:
    """One task with the number of live workers that serve its own queue; raises as `find_task`."""
    return _counted(await find_task(store, name), await live_workers(store))


async def served(store: AsyncStore, task: str, queue: str) -> bool:
    """Whether a live worker takes jobs of this task from this queue."""
    return any(worker.serves(task, queue) for worker in await live_workers(store))


def _counted(info: TaskInfo, there: list[WorkerInfo]) -> TaskInfo:
    return info.model_copy(update={"workers": sum(worker.serves(info.name, info.queue) for worker in there)})
