"""Tasks: the functions that jobs run, registered by name."""

import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec, TypeVar, overload

from pydantic import BaseModel, Field, ValidationError

from headway.errors import BadInput, SettingsError, TaskNotFound
from headway.fields import FormField, fields
from headway.params import Function, check_defaults, params_model, validated
from headway.schema import Schema, params_schema
from headway.settings import QUEUE_NAME
from headway.snapshot import Policy, WireModel

P = ParamSpec("P")
R = TypeVar("R")
Pause = Literal["auto", "cooperative", "signal", "never"]

# A task's name is part of an address, a queue's of a Redis key.


class TaskInfo(WireModel):
    """A task as workers announce it and the API lists it: all there is to know without loading its code."""

    name: str = Field(examples=["profile_table"])
    queue: str = "default"
    description: str = Field(default="", description="The first paragraph of the function's docstring.")
    params_schema: Schema = Field(default_factory=dict, description="JSON schema of the params, without references.")
    fields: list[FormField] = Field(default_factory=list, description="The same as a form: one field per parameter.")
    policy: Policy = Policy()
    last_seen: str | None = Field(default=None, description="When a worker last announced it; null for one built in.")
    workers: int = Field(default=0, ge=0, description="How many live workers serve it.")


@dataclass(frozen=True)
class Task:
    """A registered function, how its attempts are run, and what its parameters are."""

    name: str
    function: Function
    queue: str
    policy: Policy
    params_model: type[BaseModel]
    params_schema: Schema = field(repr=False)
    description: str = ""

    def validate(self, params: object) -> dict[str, Any]:
        """The keyword arguments for the function that JSON `params` mean, defaults included.

        Raises:
            InvalidParams: they do not fit; `errors` names each field by its path.
        """
        return validated(self.name, self.params_model, params)

    def info(self) -> TaskInfo:
        """What a worker announces."""
        return TaskInfo(
            name=self.name,
            queue=self.queue,
            description=self.description,
            params_schema=self.params_schema,
            fields=fields(self.params_schema),
            policy=self.policy,
        )


_registry: dict[str, Task] = {}


@overload
def task(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def task(
    *,
    name: str | None = None,
    queue: str = "default",
    retries: int = 0,
    backoff: float = 1.0,
    timeout: float | None = None,
    pause: Pause = "auto",
    stall_s: float = 60.0,
    capture_output: bool = True,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def task(
    function: Function | None = None, /, *, name: str | None = None, queue: str = "default", **policy: Any
) -> Function:
    """Register a function as a task and return it as it is: it can still be called directly.

    Its parameters' annotations are what a submit is checked against and what forms are drawn from; a bound or a
    help text is written `Annotated[int, Field(ge=1, description="…")]`. The result is whatever it returns.

    Args:
        name: What jobs call it; None takes the function's own name.
        queue: Where its jobs wait, unless a submit says otherwise.
        retries: Automatic attempts after the first, 0 to 100.
        backoff: Seconds before the first automatic attempt; doubles with each further one.
        timeout: Active seconds that an attempt may take; None is no limit.
        pause: `cooperative` pauses at `track` steps and `checkpoint()` only, `signal` stops the process, `auto` tries
            the first and then the second, `never` offers no pause.
        stall_s: Seconds without progress before a running job counts as stalled.
        capture_output: Whether what it prints and logs is taken into the job's log, if the worker's settings allow it.

    Raises:
        BadInput: the function, its name or a policy value cannot be used.
        SettingsError: another function has this name.
    """

    def register(decorated: Function) -> Function:
        _register(_made(decorated, name or str(getattr(decorated, "__name__", "")), queue, policy))
        return decorated

    return register if function is None else register(function)


def get(name: str) -> Task:
    """The task of this name.

    Raises:
        TaskNotFound: none is registered in this process.
    """
    if name not in _registry:
        raise TaskNotFound(name)
    return _registry[name]


def all_tasks() -> list[Task]:
    """Every task registered in this process, by name."""
    return [_registry[name] for name in sorted(_registry)]


def load(modules: Iterable[str]) -> list[Task]:
    """Import `modules`, and return every task that is registered then.

    Raises:
        SettingsError: a module cannot be imported, two functions share a name, or there is no task at all.
    """
    names = list(modules)
    for module in names:
        try:
            importlib.import_module(module)
        # Whatever a foreign module raises while it is imported, a script's sys.exit() included.
        except (Exception, SystemExit) as error:
            raise SettingsError(
                f"--tasks or HEADWAY_TASKS: {module!r} cannot be imported: {_sentence(error)}"
            ) from error
    if not _registry:
        raise SettingsError(f"--tasks or HEADWAY_TASKS: no function with @task in {', '.join(names) or 'no module'}")
    return all_tasks()


def _made(function: Function, name: str, queue: str, policy: dict[str, Any]) -> Task:
    for what, text in (("name", name), ("queue", queue)):
        if not QUEUE_NAME.fullmatch(text):
            raise BadInput(f"task {name!r}: the {what} {text!r} must be 1 to 100 letters, digits, '_', '.' or '-'")
    model = params_model(name, function)
    check_defaults(name, function, model)
    try:
        schema = params_schema(model)
    except BadInput as error:
        raise BadInput(f"task {name!r}: {error}") from None
    return Task(
        name=name,
        function=function,
        queue=queue,
        policy=_policy(name, policy),
        params_model=model,
        params_schema=schema,
        description=_first_paragraph(function),
    )


def _policy(name: str, values: dict[str, Any]) -> Policy:
    if unknown := values.keys() - Policy.model_fields.keys():
        raise BadInput(f"task {name!r}: no such option: {', '.join(sorted(unknown))}")
    try:
        return Policy(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"task {name!r}: {first['loc'][0]}: {first['msg'].lower()}") from None


def _register(new: Task) -> None:
    known = _registry.get(new.name)
    # The same place again is a module that was reloaded, or a notebook cell that was run again.
    if known and _place(known.function) != _place(new.function):
        raise SettingsError(
            f"two functions are named {new.name!r}: {_place(known.function)} and {_place(new.function)};"
            " give one another name with @task(name=…)"
        )
    _registry[new.name] = new


def _place(function: Function) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _first_paragraph(function: Function) -> str:
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, BadInput | SettingsError) else f"{type(error).__name__}: {error}"
