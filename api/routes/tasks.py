"""Which tasks there are."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import catalogue, examples, problems
from api.deps import Observer, StoreDep
from headway.tasks import TaskInfo

router = APIRouter(tags=["tasks"])


@router.get(
    "/tasks",
    operation_id="list_tasks",
    summary="Known tasks",
    responses={
        200: examples.one([examples.TASK]),
        **problems.documented(*problems.EVERYWHERE, *problems.STORED),
    },
)
async def list_tasks(store: StoreDep, principal: Observer) -> list[TaskInfo]:
    """Every task that a worker announced in the last seven days, and the lesson's."""
    return await catalogue.known_tasks(store)


@router.get(
    "/tasks/{name}",
    operation_id="get_task",
    summary="One task and its form",
    responses={
        200: examples.one(examples.TASK),
        **problems.documented(problems.TASK_NOT_FOUND, *problems.EVERYWHERE, *problems.STORED),
    },
)
async def get_task(
    name: Annotated[str, Path(examples=["long_task"])], store: StoreDep, principal: Observer
) -> TaskInfo:
    """The task with the schema of its parameters, and the fields that a form for it has."""
    return await catalogue.counted_task(store, name)
