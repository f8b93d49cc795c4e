"""A task's form: one widget for each of its fields, with what is wrong with an entry below it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st
from file_field import Files, draw_file, draw_files
from plain_text import plain
from streamlit.errors import StreamlitAPIException

from headway.fields import FormField

#: Whole numbers with so few choices are easier to slide than to type.
_SLIDER_STEPS_MAX = 100
# The lesson's page slides from 1 to 20, though its task takes any number of steps.
_LESSON_SLIDERS: dict[tuple[str, str], tuple[int, int]] = {("long_task", "n_steps"): (1, 20)}

Errors = Sequence[Mapping[str, str]]


def draw_fields(task: str, form: Sequence[FormField], errors: Errors, *, begun: str = "") -> dict[str, Any]:
    """Draw the fields and return what they hold, by name.

    Args:
        task: its fields keep their entries apart from those of other tasks.
        form: as `headway.forms` reads it off a task.
        errors: `{"field", "detail"}`; a field is named by a path such as `columns.0`.
        begun: names the job that the defaults are of, whose entries are kept apart too; empty for the task's own.
    """
    values = {}
    for field in form:
        values[field.name] = _draw(task, field, begun)
        for error in errors_at(field.name, errors):
            st.error(plain(error), icon=":material/error:")
    return values


def errors_at(name: str, errors: Errors) -> list[str]:
    """What is wrong with a field, in sentences; an entry inside of it is named."""
    said = []
    for error in errors:
        top, _, inside = error["field"].partition(".")
        if top == name:
            said.append(_entry_sentence(inside, error["detail"]) if inside else _sentence(error["detail"]))
    return said


def emptied(form: Sequence[FormField], values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The errors of numbers that were emptied though they can be neither nothing nor null.

    To leave such a parameter out would run with a number that the form no longer shows.
    """
    return [
        {"field": field.name, "detail": "is required"}
        for field in form
        if field.kind in {"integer", "number"} and field.default is not None and not field.nullable
        if not str("" if values.get(field.name) is None else values[field.name]).strip()
    ]


def errors_elsewhere(form: Sequence[FormField], errors: Errors) -> list[str]:
    """What is wrong with the whole, or with a parameter that the form does not have."""
    names = {field.name for field in form}
    return [
        f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]
        for error in errors
        if error["field"].partition(".")[0] not in names
    ]


def is_demanded(field: FormField) -> bool:
    """Whether the task has nothing to put in place of an empty field."""
    return field.required and field.default is None and not field.nullable


def slider_bounds(task: str, field: FormField) -> tuple[int, int] | None:
    """From where to where a whole number is slid; None for one that is typed."""
    if field.kind != "integer" or field.nullable or not isinstance(field.default, int):
        return None
    low, high = _LESSON_SLIDERS.get((task, field.name), (field.minimum, field.maximum))
    if low is None or high is None or not low <= field.default <= high:
        return None
    step = field.step or 1
    return (int(low), int(high)) if 1 <= (high - low) / step <= _SLIDER_STEPS_MAX else None


def _draw(task: str, field: FormField, begun: str) -> Any:
    common: dict[str, Any] = {
        "label": plain(field.label or field.name) + (" \\*" if is_demanded(field) else ""),
        "key": f"param:{task}:{field.name}" + (f":{begun}" if begun else ""),
        "help": plain(field.help) or None,
    }
    try:
        return _widget(common, field, slider_bounds(task, field))
    except (StreamlitAPIException, TypeError, ValueError):
        # A default outside of its bounds, or bounds that a browser's numbers do not reach: text can say them all.
        typed = common | {"key": f"typed:{common['key']}"}
        return st.text_input(**typed, value=None if field.default is None else str(field.default))


def _widget(common: dict[str, Any], field: FormField, bounds: tuple[int, int] | None) -> Any:
    if bounds is not None:
        low, high = bounds
        # Their ends are else seen only while the pointer is above them.
        labelled = common | {"label": f"{common['label']} ({low} to {high})"}
        return st.slider(**labelled, min_value=low, max_value=high, value=field.default, step=int(field.step or 1))
    match field.kind:
        case "text":
            return st.text_area(**common, value=field.default)
        case "choice":
            return _choice(common, field)
        case "date":
            return st.date_input(**common, value=_moment(field.default, date))
        case "datetime":
            return st.datetime_input(**common, value=_moment(field.default, datetime))
        case "integer" | "number":
            return _number(common, field)
        case "boolean":
            return _boolean(common, field)
        case "array":
            return _array(common, field)
        case "json":
            return st.text_area(**common, value=_json_text(field), placeholder="JSON", height=120)
        case "file":
            return draw_file(common, field)
        case _:
            return st.text_input(**common, value=field.default, placeholder=field.pattern or "")


def _choice(common: dict[str, Any], field: FormField) -> Any:
    chosen = field.choices.index(field.default) if field.default in field.choices else None
    return st.selectbox(**common, options=field.choices, index=chosen, format_func=str, placeholder="Choose")


def _number(common: dict[str, Any], field: FormField) -> str | None:
    # Not a number input: that one holds back what is out of its bounds, reads 1e30 as 1, and fills in what was emptied.
    value = None if field.default is None else str(field.default)
    return st.text_input(**common, value=value, placeholder=_range(field), autocomplete="off")


def _range(field: FormField) -> str:
    low, high = field.minimum, field.maximum
    if low is None or high is None:
        return f"from {low}" if low is not None else f"up to {high}" if high is not None else "a number"
    return f"{low} to {high}"


def _boolean(common: dict[str, Any], field: FormField) -> bool | None:
    if field.nullable or field.default is None:
        index = None if field.default is None else [True, False].index(bool(field.default))
        chosen: bool | None = st.selectbox(
            **common, options=[True, False], index=index, format_func=lambda value: "yes" if value else "no"
        )
        return chosen
    return st.checkbox(**common, value=bool(field.default))


def _array(common: dict[str, Any], field: FormField) -> Files | list[Any] | None:
    entries = _entries(common, field)
    # An empty list stands for one only where the task's own is a list, or one has to be given.
    return entries if entries or field.required or field.default is not None else None


def _entries(common: dict[str, Any], field: FormField) -> Files | list[Any]:
    item = field.item
    default = field.default if isinstance(field.default, list) else []
    if item is not None and item.kind == "choice":
        return st.multiselect(**common, options=item.choices, default=default, format_func=str)
    if item is not None and item.kind == "file":
        return draw_files(common, default)
    typed = st.text_area(**common, value="\n".join(map(str, default)), placeholder="One entry a line")
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _moment(default: Any, kind: type[date]) -> Any:
    try:
        return None if default is None else kind.fromisoformat(str(default))
    except ValueError:
        return None


def _json_text(field: FormField) -> str | None:
    return None if field.default is None else json.dumps(field.default, indent=2, ensure_ascii=False)


def _sentence(detail: str) -> str:
    if detail == "is required":
        return "This field is required."
    return detail[:1].upper() + detail[1:] + ("" if detail.endswith((".", "!", "?")) else ".")


def _entry_sentence(inside: str, detail: str) -> str:
    """About an entry of a list, which people count from 1, or about a member of an object."""
    where = f"Entry {int(inside) + 1}" if inside.isdecimal() else inside
    return f"{where} {detail}" + ("" if detail.endswith(".") else ".")
