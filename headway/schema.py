"""JSON schemas of task parameters, each in one piece: every reference replaced by what it points at."""

import json
from typing import Any, Never

from pydantic import BaseModel, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from headway.errors import BadInput

Schema = dict[str, Any]

_PREFIX = "#/$defs/"
#: Keywords whose value is a schema, a list of schemas, and a map of names to schemas. Under any other keyword
#: lies data (`default`, `enum`, `examples`), where a member called "$ref" is no reference.
_ONE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
_MANY = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})


class _Strict(GenerateJsonSchema):
    """Refuses what pydantic would leave out of a schema with a warning, such as a default that JSON cannot carry."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> Never:
        raise BadInput(detail)


def params_schema(model: type[BaseModel]) -> Schema:
    """The JSON schema of `model`, without `$ref` and `$defs`.

    Raises:
        BadInput: a model refers to itself, or a type or default has no form in JSON.
    """
    try:
        schema = model.model_json_schema(schema_generator=_Strict)
    except PydanticUserError as error:
        raise BadInput(error.message) from None
    try:
        json.dumps(schema, allow_nan=False)
    except ValueError:
        raise BadInput("a bound or default is NaN or infinite, which JSON cannot say") from None
    return inline(schema)


def inline(schema: Schema) -> Schema:
    """Replace every `$ref` into `$defs` by a copy of its target; members beside a `$ref` win over the target's.

    Raises:
        BadInput: a definition contains itself, or a reference leads elsewhere.
    """
    whole: Schema = _inlined(schema, schema.get("$defs", {}), ())
    return whole


def _inlined(schema: Any, definitions: Schema, inside: tuple[str, ...]) -> Any:
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        name = _target(schema["$ref"], definitions, inside)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined(definitions[name] | beside, definitions, (*inside, name))
    return {
        key: _member(key, value, definitions, inside)
        for key, value in schema.items()
        # A discriminator's mapping only repeats the references, and no validator of JSON schema reads it.
        if key not in {"$defs", "discriminator"}
    }


def _member(key: str, value: Any, definitions: Schema, inside: tuple[str, ...]) -> Any:
    if key in _ONE:
        return _inlined(value, definitions, inside)
    if key in _MANY:
        return [_inlined(item, definitions, inside) for item in value]
    if key in _NAMED:
        return {name: _inlined(item, definitions, inside) for name, item in value.items()}
    return value


def _target(reference: str, definitions: Schema, inside: tuple[str, ...]) -> str:
    name = reference.removeprefix(_PREFIX).replace("~1", "/").replace("~0", "~")
    if not reference.startswith(_PREFIX) or name not in definitions:
        raise BadInput(f"the reference {reference!r} leads nowhere")
    if name in inside:
        raise BadInput(f"{name} contains itself; take it as dict[str, Any] and check it in the job")
    return name
