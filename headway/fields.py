"""The fields of a form, read off a task's schema."""

import math
from typing import Any, Literal

from pydantic import Field

from headway.files import FORMAT as FILE_FORMAT
from headway.schema import Schema
from headway.snapshot import Number, WireModel

Kind = Literal["string", "text", "choice", "date", "datetime", "file", "integer", "number", "boolean", "array", "json"]

#: A string that may be longer than this gets a box of several lines.
LINE_MAX = 200

_STRING_KINDS: dict[str, Kind] = {"date": "date", "date-time": "datetime", FILE_FORMAT: "file"}


class FormField(WireModel):
    """One field of a form: what to draw, and what it takes."""

    name: str
    kind: Kind = Field(description="`text` has several lines; `json` is a box for whatever no other kind can hold.")
    label: str = ""
    help: str = ""
    required: bool = True
    nullable: bool = Field(default=False, description="Whether null is a value of its own.")
    default: Any = None
    minimum: Number | None = Field(default=None, description="Inclusive; a bound that is not is checked at submit.")
    maximum: Number | None = None
    step: Number | None = Field(default=None, description="1 for whole numbers, unless the task says otherwise.")
    pattern: str | None = None
    choices: list[Any] = Field(default_factory=list)
    item: "FormField | None" = Field(default=None, description="What each entry of an array is.")


def fields(schema: Schema) -> list[FormField]:
    """One field per property of an object schema without references, in the schema's order."""
    required = schema.get("required", ())
    return [_field(name, member, name in required) for name, member in schema.get("properties", {}).items()]


def label(name: str) -> str:
    """How a parameter is called on a form: `chunk_rows` is "Chunk rows"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _field(name: str, schema: Any, required: bool) -> FormField:
    whole = schema if isinstance(schema, dict) else {}
    plain, nullable = _without_null(whole)
    return FormField(
        name=name,
        label=whole.get("title") or label(name),
        help=plain.get("description", ""),
        required=required,
        nullable=nullable,
        default=whole.get("default"),
        **_shape(plain),
    )


def _without_null(schema: Schema) -> tuple[Schema, bool]:
    """The schema of the values that are not null, and whether null is one too; `{}` where several remain."""
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword not in schema:
            continue
        outer = {key: value for key, value in schema.items() if key != keyword}
        branches = [branch for branch in schema[keyword] if branch != {"type": "null"}]
        nullable = keyword != "allOf" and len(branches) < len(schema[keyword])
        if len(branches) != 1:
            return {key: outer[key] for key in ("description",) if key in outer}, nullable
        plain, deeper = _without_null(branches[0])
        return plain | outer, nullable or deeper
    if isinstance(schema.get("type"), list):
        types = [name for name in schema["type"] if name != "null"]
        nullable = len(types) < len(schema["type"])
        return schema | {"type": types[0] if len(types) == 1 else types}, nullable
    if None in schema.get("enum", ()):
        return schema | {"enum": [choice for choice in schema["enum"] if choice is not None]}, True
    return schema, False


def _shape(schema: Schema) -> dict[str, Any]:
    if "enum" in schema:
        return {"kind": "choice", "choices": schema["enum"]}
    if "const" in schema:
        return {"kind": "choice", "choices": [schema["const"]]}
    match schema.get("type"):
        case "boolean":
            return {"kind": "boolean"}
        case "integer":
            return _integer(schema)
        case "number":
            return {"kind": "number", "step": schema.get("multipleOf")} | _bounds(schema)
        case "string":
            long = schema.get("maxLength", 0) > LINE_MAX
            kind = _STRING_KINDS.get(schema.get("format", ""), "text" if long else "string")
            return {"kind": kind, "pattern": schema.get("pattern")}
        case "array":
            return _array(schema)
    return {"kind": "json"}


def _bounds(schema: Schema) -> dict[str, Number | None]:
    low = [schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema]
    high = [schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema]
    return {"minimum": max(low, default=None), "maximum": min(high, default=None)}


def _integer(schema: Schema) -> dict[str, Any]:
    low = [math.ceil(schema["minimum"])] if "minimum" in schema else []
    low += [math.floor(schema["exclusiveMinimum"]) + 1] if "exclusiveMinimum" in schema else []
    high = [math.floor(schema["maximum"])] if "maximum" in schema else []
    high += [math.ceil(schema["exclusiveMaximum"]) - 1] if "exclusiveMaximum" in schema else []
    return {
        "kind": "integer",
        "step": schema.get("multipleOf", 1),
        "minimum": max(low, default=None),
        "maximum": min(high, default=None),
    }


def _array(schema: Schema) -> dict[str, Any]:
    item = _field("", schema.get("items"), True)
    if "prefixItems" in schema or item.nullable or item.kind in {"array", "json"}:
        return {"kind": "json"}
    return {"kind": "array", "item": item}
