"""Forms: the fields that a task asks for, the same for every face, and what a filled-in form means."""

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Never

from headway.errors import InvalidParams
from headway.fields import FormField, Kind, fields, label
from headway.snapshot import Number

__all__ = ["FormField", "Kind", "fields", "label", "parse"]


class _Refused(ValueError):
    """An entry does not fit its field; `at` is where in it, empty for the whole."""

    def __init__(self, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.at = at


class _Untouched:
    """Stands for "leave this parameter to the task's default", since null is a value."""


_UNTOUCHED = _Untouched()


def parse(form: Iterable[FormField], values: Mapping[str, Any], task: str = "") -> dict[str, Any]:
    """The params that a filled-in form means, ready for a submit.

    A field that was left empty, or at its default, is omitted where the task has a default; an emptied one that may
    be null is null. Numbers and dates may come as text. A time without a zone is UTC. A `json` entry that is text
    is read as JSON.

    Raises:
        InvalidParams: entries do not fit; `errors` names each field, `name.0` being the first entry of an array.
    """
    params: dict[str, Any] = {}
    errors: list[dict[str, str]] = []
    known = {field.name: field for field in form}
    for name, field in known.items():
        try:
            value = _entry(field, values[name]) if name in values else _absent(field)
        except _Refused as refused:
            errors.append({"field": f"{name}.{refused.at}" if refused.at else name, "detail": str(refused)})
        else:
            if not isinstance(value, _Untouched):
                params[name] = value
    errors += [{"field": name, "detail": "no such parameter"} for name in values if name not in known]
    if errors:
        raise InvalidParams(task, errors)
    return params


def _entry(field: FormField, held: Any) -> Any:
    if _is_blank(field, held):
        return None if field.nullable and field.default is not None else _absent(field)
    value = _READERS[field.kind](field, held)
    return _UNTOUCHED if not field.required and _is_default(field, value) else value


def _absent(field: FormField) -> Any:
    if not field.required:
        return _UNTOUCHED
    if not field.nullable:
        raise _Refused("is required")
    return None


def _is_blank(field: FormField, held: Any) -> bool:
    if held is None:
        return True
    if isinstance(held, list | tuple):
        # A list of choices shows null and nothing chosen alike.
        return not held and field.nullable
    if not isinstance(held, str) or held.strip():
        return False
    # An emptied line says "empty text" where that is neither null nor missing.
    means_empty = field.kind in {"string", "text"} and not field.required and not field.nullable
    return not (means_empty and field.default is not None)


def _is_default(field: FormField, value: Any) -> bool:
    if field.default is None:
        return value is None
    if field.kind == "json":
        return _dumped(value) == _dumped(field.default)
    try:
        default = _READERS[field.kind](field, field.default)
    except _Refused:
        return False
    return bool(value == default) if field.kind == "number" else _dumped(value) == _dumped(default)


def _dumped(value: Any) -> str:
    try:
        # Text, since to Python 1 and True are equal.
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise _Refused("must be JSON") from None


def _text(field: FormField, held: Any) -> str:
    if not isinstance(held, str):
        raise _Refused("must be text")
    if field.pattern and not _fits(field.pattern, held):
        raise _Refused(f"must match {field.pattern}")
    return held


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # Patterns of JSON schema are JavaScript's; one that Python cannot read is left to the submit.
        return True


def _file(field: FormField, held: Any) -> str:
    if not isinstance(held, str | os.PathLike):
        raise _Refused("must be a path or the id of an uploaded file")
    return os.fspath(held).strip()


def _choice(field: FormField, held: Any) -> Any:
    if any(_dumped(held) == _dumped(choice) for choice in field.choices):
        return held
    raise _Refused(f"must be one of {', '.join(str(choice) for choice in field.choices[:20])}")


def _date(field: FormField, held: Any) -> str:
    if isinstance(held, datetime):
        return held.date().isoformat()
    try:
        return (held if isinstance(held, date) else date.fromisoformat(held.strip())).isoformat()
    except (AttributeError, ValueError):
        raise _Refused("must be a date such as 2026-01-31") from None


def _datetime(field: FormField, held: Any) -> str:
    try:
        moment = held if isinstance(held, datetime) else datetime.fromisoformat(held.strip())
    except (AttributeError, ValueError):
        raise _Refused("must be a date and time such as 2026-01-31T12:00:00Z") from None
    # JSON schema's date-time has a zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _whole(field: FormField, held: Any) -> int:
    number = _real(field, held)
    if number != math.floor(number):
        raise _Refused("must be a whole number")
    return int(number)


def _real(field: FormField, held: Any) -> Number:
    number = _number(held)
    if field.minimum is not None and number < field.minimum:
        raise _Refused(f"must be at least {field.minimum}")
    if field.maximum is not None and number > field.maximum:
        raise _Refused(f"must be at most {field.maximum}")
    return number


def _number(held: Any) -> Number:
    if isinstance(held, bool):
        raise _Refused("must be a number")
    for convert in (_exact, float):
        try:
            number = convert(held)
            finite = math.isfinite(number)
        except (AttributeError, TypeError, ValueError, OverflowError):
            continue
        if finite:
            return number
    raise _Refused("must be a number")


def _exact(held: Any) -> int:
    return int(held) if isinstance(held, str) else held.__index__()


def _boolean(field: FormField, held: Any) -> bool:
    if not isinstance(held, bool):
        raise _Refused("must be true or false")
    return held


def _entries(field: FormField, held: Any) -> list[Any]:
    if not isinstance(held, list | tuple) or field.item is None:
        raise _Refused("must be a list")
    read = _READERS[field.item.kind]
    entries = []
    for position, entry in enumerate(held):
        try:
            entries.append(read(field.item, entry))
        except _Refused as refused:
            raise _Refused(str(refused), at=str(position)) from None
    return entries


def _json(field: FormField, held: Any) -> Any:
    if not isinstance(held, str):
        _dumped(held)
        return held
    try:
        return json.loads(held, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _Refused(f"must be JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _Refused("must be JSON that is less deep") from None


def _no_constant(name: str) -> Never:
    raise _Refused(f"must be JSON, which has no {name}")


_READERS: dict[Kind, Callable[[FormField, Any], Any]] = {
    "string": _text,
    "text": _text,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
    "file": _file,
    "integer": _whole,
    "number": _real,
    "boolean": _boolean,
    "array": _entries,
    "json": _json,
}
