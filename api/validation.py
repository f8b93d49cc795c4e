"""Whether a submit's parameters fit their task's schema; defaults are the worker's to fill in."""

import math
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from headway.errors import InvalidParams
from headway.tasks import TaskInfo

_ERRORS_MAX = 20
_DETAIL_MAX = 300
_DEPTH_MAX = 32
_SURROGATES = ("\ud800", "\udfff")

Fault = dict[str, str]


def check_params(info: TaskInfo, params: dict[str, Any]) -> None:
    """Compare `params` with the task's schema, formats included.

    Raises:
        InvalidParams: they do not fit; every fault names its field by a dotted path.
    """
    faults = list(_uncarriable(params)) or list(_misfits(info, params))
    if faults:
        raise InvalidParams(info.name, faults[:_ERRORS_MAX])


def _misfits(info: TaskInfo, params: dict[str, Any]) -> Iterator[Fault]:
    validator = Draft202012Validator(info.params_schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in validator.iter_errors(params):
        yield from _faults(error)


def _faults(error: ValidationError) -> Iterator[Fault]:
    path = [str(step) for step in error.absolute_path]
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        # One error comes per missing name, each quoting its own.
        name = next((name for name in missing if error.message.startswith(repr(name))), "")
        yield _fault([*path, name], "is required")
        return
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        for name in error.instance:
            if name not in known:
                yield _fault([*path, name], "is not a parameter of this task")
        return
    if error.validator in {"anyOf", "oneOf"} and error.context:
        useful = [inner for inner in error.context if inner.schema != {"type": "null"}] or error.context
        yield from _faults(best_match(iter(useful)) or error)
        return
    yield _fault(path, error.message)


def _uncarriable(params: dict[str, Any]) -> Iterator[Fault]:
    """What Python's JSON reader lets through and no JSON may hold: NaN, lone surrogates, a nest without end."""
    waiting: list[tuple[list[str], Any]] = [([], params)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > _DEPTH_MAX:
            yield _fault(path[:1], f"is nested more than {_DEPTH_MAX} deep")
            return
        if isinstance(value, float) and not math.isfinite(value):
            yield _fault(path, "NaN and infinity are not JSON")
        elif isinstance(value, str) and _broken(value):
            yield _fault(path, "holds half a surrogate pair, which is no character")
        elif isinstance(value, dict):
            if any(_broken(name) for name in value):
                yield _fault(path, "has a name with half a surrogate pair, which is no character")
                continue
            waiting += [([*path, name], inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [([*path, str(place)], inner) for place, inner in enumerate(value)]


def _broken(text: str) -> bool:
    first, last = _SURROGATES
    return not text.isascii() and any(first <= char <= last for char in text)


def _fault(path: list[str], detail: str) -> Fault:
    shown = detail if len(detail) <= _DETAIL_MAX else detail[: _DETAIL_MAX - 1] + "…"
    return {"field": ".".join(path)[:_DETAIL_MAX], "detail": shown}
