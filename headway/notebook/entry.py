"""One field of a form as a widget, with what is wrong with its entry below it."""

import html
import json
from datetime import date
from typing import Any

from ipywidgets import HTML, Checkbox, DatePicker, Dropdown, Layout, SelectMultiple, Text, Textarea, ValueWidget, VBox

from headway.fields import FormField
from headway.notebook.text import RED

_LABEL_EM = 12
_YES_NO = [("yes", True), ("no", False)]


class Entry:
    """A field, all of whose widgets are in `widget`."""

    def __init__(self, field: FormField) -> None:
        self.field = field
        name = field.label or field.name
        self._input = _input(
            field,
            {
                "description": f"{name} *" if field.required and not field.nullable else name,
                "style": {"description_width": f"{_LABEL_EM}em"},
                "layout": Layout(width="32em"),
                "tooltip": field.help,
            },
        )
        self._problem = HTML(layout=_below_input())
        help_text = HTML(f"<small>{html.escape(field.help)}</small>", layout=_below_input())
        self.widget = VBox([self._input, *([help_text] if field.help else []), self._problem])

    @property
    def value(self) -> Any:
        """What it holds now, as `headway.forms.parse` takes it."""
        held = self._input.value
        field = self.field
        if field.kind != "array":
            return held
        entries = list(held) if isinstance(held, tuple) else [line.strip() for line in held.splitlines()]
        entries = [entry for entry in entries if entry != ""]
        # An empty list stands for one only where the task's own is a list, or one has to be given.
        return entries if entries or field.required or field.default is not None else None

    def blame(self, errors: list[dict[str, str]]) -> None:
        """Say what is wrong with it: those of `errors`, `{"field", "detail"}`, that are about it, or nothing."""
        said = []
        for error in errors:
            top, _, inside = error["field"].partition(".")
            if top == self.field.name:
                where = f"entry {int(inside) + 1} " if inside.isdecimal() else f"{inside} " if inside else ""
                said.append(f"<div style='color: {RED}'>{html.escape(where + error['detail'])}</div>")
        self._problem.value = "".join(said)


def _below_input() -> Layout:
    return Layout(margin=f"0 0 0 {_LABEL_EM + 0.5}em")


def _input(field: FormField, common: dict[str, Any]) -> ValueWidget:
    match field.kind:
        case "choice":
            return _dropdown(field, [(str(choice), choice) for choice in field.choices], common)
        case "boolean" if field.nullable or field.default is None:
            return _dropdown(field, _YES_NO, common)
        case "boolean":
            return Checkbox(value=bool(field.default), indent=False, **common)
        case "date":
            return DatePicker(value=_date(field.default), **common)
        case "array" if field.item is not None and field.item.kind == "choice":
            choices = [(str(choice), choice) for choice in field.item.choices]
            chosen = [choice for choice in field.item.choices if choice in (field.default or [])]
            return SelectMultiple(options=choices, value=chosen, **common)
        case "array":
            lines = "\n".join(map(str, field.default or []))
            return Textarea(value=lines, placeholder="one entry a line", **common)
        case "json":
            text = "" if field.default is None else json.dumps(field.default, indent=2, ensure_ascii=False)
            return Textarea(value=text, placeholder="JSON", **common)
        case "text":
            return Textarea(value=field.default or "", placeholder=_empty(field), **common)
        case _:
            # Numbers are typed too: a number box fills in what was emptied, and holds back what is out of bounds.
            text = "" if field.default is None else str(field.default)
            return Text(value=text, placeholder=_empty(field), **common)


def _dropdown(field: FormField, choices: list[tuple[str, Any]], common: dict[str, Any]) -> Dropdown:
    given = field.default is not None and field.default in [value for _, value in choices]
    nothing = [] if given and not field.nullable else [("", None)]
    return Dropdown(options=[*nothing, *choices], value=field.default if given else None, **common)


def _date(default: Any) -> date | None:
    try:
        return None if default is None else date.fromisoformat(str(default))
    except ValueError:
        return None


def _empty(field: FormField) -> str:
    """What stands in an empty box: what the task takes then, else what may be typed."""
    if field.default is not None and not field.nullable and field.kind in {"integer", "number"}:
        return f"{field.default} where this is left empty"
    if field.kind == "file":
        return "a path, or the id of an uploaded file"
    if field.kind == "datetime":
        return "2026-01-31T12:00:00Z"
    bounds = [f"from {field.minimum}"] if field.minimum is not None else []
    bounds += [f"up to {field.maximum}"] if field.maximum is not None else []
    return " ".join(bounds) or field.pattern or ""
