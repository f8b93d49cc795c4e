"""What `-p key=value` and `--params` mean, read by the task's own form."""

import difflib
import json
from collections.abc import Iterable
from typing import Any, Never

from headway import forms
from headway.errors import BadInput, InvalidParams
from headway.fields import FormField
from headway.tasks import TaskInfo

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_params(info: TaskInfo, given: Iterable[str], params: str | None) -> dict[str, Any]:
    """The params of a submit.

    Args:
        info: the task, whose form says what each value is.
        given: `key=value` texts; a key that is given again adds an entry to its array.
        params: a JSON object of further params; None for none.

    Raises:
        BadInput: a text has no `=`, a key is given twice, `params` is no JSON object.
        InvalidParams: a key is none of the task's, or a value cannot be read as what its parameter is.
    """
    texts = _by_key(given)
    whole = {} if params is None else _json_object(params)
    if twice := texts.keys() & whole.keys():
        raise BadInput(f"parameter {min(twice)!r} is given by -p and in --params")
    known = {field.name: field for field in info.fields}
    faults: list[dict[str, str]] = []
    values: dict[str, Any] = {}
    for key, entries in texts.items():
        if key not in known:
            faults.append({"field": key, "detail": _unknown(key, list(known))})
        elif len(entries) > 1 and known[key].kind != "array":
            faults.append({"field": key, "detail": f"is given {len(entries)} times, and takes one value"})
        else:
            values[key] = _held(known[key], entries)
    try:
        read = forms.parse([known[key] for key in values], values, info.name)
    except InvalidParams as error:
        faults += error.errors
        read = {}
    if faults:
        raise InvalidParams(info.name, faults)
    return read | whole


def _by_key(given: Iterable[str]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadInput(f"-p {text!r}: write key=value")
        texts.setdefault(key, []).append(value)
    return texts


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInput(f"--params: not JSON: {error.msg.lower()} at {where}") from None
    except RecursionError:
        raise BadInput("--params: nested too deep") from None
    if not isinstance(value, dict):
        raise BadInput("--params: must be a JSON object, such as '{\"n_steps\": 5}'")
    return value


def _no_constant(name: str) -> Never:
    raise BadInput(f"--params: JSON has no {name}")


def _unknown(key: str, known: list[str]) -> str:
    if not known:
        return "no such parameter; the task takes none"
    if close := difflib.get_close_matches(key, known, n=1):
        return f"no such parameter; did you mean {close[0]!r}?"
    return f"no such parameter; the task takes {', '.join(known)}"


def _held(field: FormField, entries: list[str]) -> Any:
    """What a form would hold for these texts: a list for an array, true and false for a boolean."""
    if field.kind != "array" or field.item is None:
        return _entry(field, entries[0])
    if len(entries) == 1:
        return _entries(field.item, entries[0])
    return [_entry(field.item, text) for text in entries]


def _entries(item: FormField, text: str) -> Any:
    """One text for a whole array: JSON, or entries with commas between."""
    stripped = text.strip()
    if not stripped:
        return []
    if stripped.startswith("["):
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError):
            pass
    return [_entry(item, part.strip()) for part in text.split(",")]


def _entry(field: FormField, text: str) -> Any:
    match field.kind:
        case "boolean":
            return _BOOLEANS.get(text.strip().lower(), text)
        case "choice":
            return next((choice for choice in field.choices if _spelled(choice) == text), text)
        case _:
            return text


def _spelled(choice: Any) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)
