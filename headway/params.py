"""The parameters of a task's function, as a pydantic model made from its signature."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic.fields import FieldInfo

from headway.errors import BadInput, InvalidParams
from headway.fields import label

Function = Callable[..., Any]

_CONFIG = ConfigDict(
    extra="forbid",
    # Without this a parameter called model_… is a warning.
    protected_namespaces=(),
    field_title_generator=lambda name, info: label(name),
)


def params_model(task: str, function: Function) -> type[BaseModel]:
    """A model with one field per parameter, under the parameter's name as alias; it refuses unknown ones.

    Raises:
        BadInput: the function cannot be a task: `*args`, a parameter without annotation or of a type that pydantic
            cannot check, a default that its own type refuses, `job_id` as the first parameter, a generator,
            a coroutine.
    """
    try:
        _check_function(function)
        hints = get_type_hints(function, include_extras=True)
        members: dict[str, Any] = {
            _member_name(parameter): (hints[parameter.name], _field(parameter)) for parameter in _parameters(function)
        }
        model: type[BaseModel] = create_model(task, __config__=_CONFIG, **members)
    except BadInput as error:
        raise BadInput(f"task {task!r}: {error}") from None
    except (NameError, TypeError, PydanticUserError) as error:
        first, _, _ = str(error).partition("\n")
        raise BadInput(f"task {task!r}: its parameters' types cannot be used: {first}") from error
    return model


def check_defaults(task: str, function: Function, model: type[BaseModel]) -> None:
    """Raise `BadInput` if a parameter's default does not fit its own type, which would fail every job."""
    defaults = {p.name: p.default for p in _parameters(function) if p.default is not Parameter.empty}
    for error in _errors(model, defaults):
        if error["type"] != "missing":
            raise BadInput(f"task {task!r}: the default of parameter {_path(error, defaults)!r}: {_detail(error)}")


def validated(task: str, model: type[BaseModel], params: object) -> dict[str, Any]:
    """The keyword arguments that JSON `params` mean, defaults included.

    Raises:
        InvalidParams: they do not fit; `errors` has each fault with the path of its field.
    """
    try:
        checked = model.model_validate(params)
    except ValidationError as invalid:
        errors = [{"field": _path(error, params), "detail": _detail(error)} for error in _listed(invalid)]
        raise InvalidParams(task, errors) from None
    return {str(info.alias): getattr(checked, name) for name, info in model.model_fields.items()}


def _check_function(function: Function) -> None:
    if not inspect.isfunction(function):
        raise BadInput("a task is a plain function")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise BadInput("is async; a task is a plain function")
    if inspect.isgeneratorfunction(function):
        raise BadInput("yields; a task is a plain function that returns its result")


def _parameters(function: Function) -> Iterator[Parameter]:
    for position, parameter in enumerate(inspect.signature(function).parameters.values()):
        name = parameter.name
        if parameter.kind in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}:
            raise BadInput(f"{str(parameter).partition(':')[0]} has no form; name each parameter")
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            raise BadInput(f"parameter {name!r} is positional only, and jobs pass parameters by name")
        if position == 0 and name == "job_id":
            raise BadInput("leave out 'job_id': report() and track() know which job they run in")
        if name.startswith("_"):
            raise BadInput(f"parameter {name!r} begins with an underscore")
        if parameter.annotation is Parameter.empty:
            raise BadInput(f"parameter {name!r} has no type annotation")
        if isinstance(parameter.default, FieldInfo):
            raise BadInput(f"parameter {name!r}: write Annotated[<type>, Field(…)], which leaves the function callable")
        yield parameter


def _member_name(parameter: Parameter) -> str:
    # `copy`, `json` or `schema` would shadow a method of the model.
    return f"{parameter.name}_" if hasattr(BaseModel, parameter.name) else parameter.name


def _field(parameter: Parameter) -> Any:
    if parameter.default is Parameter.empty:
        return Field(alias=parameter.name)
    return Field(default=parameter.default, alias=parameter.name)


def _errors(model: type[BaseModel], params: object) -> list[Mapping[str, Any]]:
    try:
        model.model_validate(params)
    except ValidationError as invalid:
        return _listed(invalid)
    return []


def _listed(invalid: ValidationError) -> list[Mapping[str, Any]]:
    return [dict(error) for error in invalid.errors(include_url=False, include_context=False, include_input=False)]


def _path(error: Mapping[str, Any], params: object) -> str:
    """The dotted way to the fault, without the names of union branches that pydantic puts between."""
    steps: list[str] = []
    value: Any = params
    for step in error["loc"]:
        try:
            value = value[step]
        except (LookupError, TypeError):
            if error["type"] != "missing" or step != error["loc"][-1]:
                continue
        steps.append(str(step))
    return ".".join(steps)


def _detail(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
