"""`headway tasks`: what can be run, and with which parameters."""

import json
from typing import Annotated

import typer

from headway.cli.lines import clean
from headway.cli.say import say, say_json
from headway.cli.table import Column, print_table
from headway.client import Client
from headway.fields import FormField
from headway.tasks import TaskInfo

_TASKS = [Column("TASK", whole=True), Column("QUEUE", most=20), Column("WORKERS", right=True), Column("")]
_PARAMS = [Column("PARAMETER", whole=True), Column("KIND"), Column("DEFAULT", most=24), Column("TAKES")]


def tasks(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A task, to see its parameters.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: with a NAME its schema and fields.")] = False,
) -> None:
    """List the tasks that workers announced, or the parameters of one."""
    with Client() as client:
        found = client.tasks() if name is None else [client.task(name)]
    if as_json:
        shown = [task.model_dump(mode="json") for task in found]
        say_json(shown if name is None else shown[0])
    elif name is None:
        print_table(_TASKS, [_row(task) for task in found])
    else:
        _describe(found[0])


def _row(task: TaskInfo) -> list[str]:
    return [clean(task.name), clean(task.queue), str(task.workers), clean(task.description)]


def _describe(task: TaskInfo) -> None:
    served = f"{task.workers} worker{'' if task.workers == 1 else 's'} now"
    say(clean(f"{task.name}: {task.description or 'no description'}"))
    say(clean(f"queue {task.queue}, served by {served}, {task.policy.retries} automatic retries"))
    if task.fields:
        say("")
        print_table(_PARAMS, [_param(field) for field in task.fields])
    needed = "".join(f" -p {field.name}=…" for field in task.fields if field.required)
    say("")
    say(clean(f"headway run {task.name}{needed}"))


def _param(field: FormField) -> list[str]:
    default = "required" if field.required else json.dumps(field.default, ensure_ascii=False)
    return [clean(field.name), _kind(field), clean(default), clean("; ".join(_takes(field)))]


def _kind(field: FormField) -> str:
    return field.kind if field.item is None else f"{field.kind} of {field.item.kind}"


def _takes(field: FormField) -> list[str]:
    takes = [field.help.rstrip(".")] if field.help else []
    if field.choices:
        takes.append(" | ".join(str(choice) for choice in field.choices))
    if field.minimum is not None:
        takes.append(f"at least {field.minimum}")
    if field.maximum is not None:
        takes.append(f"at most {field.maximum}")
    if field.pattern:
        takes.append(f"matches {field.pattern}")
    if field.nullable:
        takes.append("may be null")
    return takes
