"""Forms: the fields that a schema asks for, and what a filled-in form means."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model

from headway.errors import InvalidParams
from headway.files import File
from headway.forms import FormField, fields, parse
from headway.schema import params_schema


class Size(Enum):
    SMALL = 1
    LARGE = 2


class Point(BaseModel):
    x: int


def schema_of(annotation: Any, default: Any = ...) -> dict[str, Any]:
    return params_schema(create_model("form", value=(annotation, default)))


def field_of(annotation: Any, default: Any = ...) -> FormField:
    return fields(schema_of(annotation, default))[0]


def parsed(annotation: Any, held: Any, default: Any = ...) -> dict[str, Any]:
    return parse([field_of(annotation, default)], {"value": held})


def refusal(annotation: Any, held: Any, default: Any = ...) -> dict[str, str]:
    with pytest.raises(InvalidParams) as refused:
        parsed(annotation, held, default)
    return refused.value.errors[0]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, "string"),
        (Annotated[str, Field(max_length=2000)], "text"),
        (Annotated[str, Field(pattern="^a")], "string"),
        (Path, "string"),
        (Literal["a", "b"], "choice"),
        (Literal["a"], "choice"),
        (Size, "choice"),
        (date, "date"),
        (datetime, "datetime"),
        (File, "file"),
        (int, "integer"),
        (float, "number"),
        (bool, "boolean"),
        (list[str], "array"),
        (list[Size], "array"),
        (set[int], "array"),
        (list[list[int]], "json"),
        (list[int | None], "json"),
        (list, "json"),
        (tuple[int, str], "json"),
        (dict[str, int], "json"),
        (Point, "json"),
        (int | str, "json"),
        (Decimal, "json"),
        (Any, "json"),
    ],
)
def test_each_type_has_its_kind_of_field_and_keeps_it_when_optional(annotation: Any, kind: str) -> None:
    assert field_of(annotation).kind == kind
    optional = field_of(annotation | None if annotation is not Any else Any, None)
    assert (optional.kind, optional.required) == (kind, False)
    assert optional.nullable == (annotation is not Any)


def test_a_field_carries_its_texts_bounds_and_default() -> None:
    bounded = Annotated[int, Field(gt=0, lt=10, multiple_of=2, title="How many", description="An even number.")]
    assert field_of(bounded, 4) == FormField(
        name="value",
        kind="integer",
        label="How many",
        help="An even number.",
        required=False,
        default=4,
        minimum=1,
        maximum=9,
        step=2,
    )


def test_an_array_says_what_its_entries_are() -> None:
    item = field_of(list[Annotated[float, Field(ge=0)]]).item
    assert item is not None
    assert (item.kind, item.minimum) == ("number", 0)


def test_a_foreign_schema_may_say_optional_in_its_own_ways() -> None:
    schema = {"properties": {"a": {"type": ["integer", "null"]}, "b": {"enum": ["x", None]}, "c": True}}
    a, b, c = fields(schema)
    assert (a.kind, a.nullable) == ("integer", True)
    assert (b.kind, b.nullable, b.choices) == ("choice", True, ["x"])
    assert (c.kind, c.label) == ("json", "C")


@pytest.mark.parametrize(
    ("annotation", "held", "value"),
    [
        (str, " kept ", " kept "),
        (int, "7", 7),
        (int, 7.0, 7),
        (float, "0.5", 0.5),
        (float, 3, 3),
        (bool, False, False),
        (Size, 2, 2),
        (date, date(2026, 1, 31), "2026-01-31"),
        (date, datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31"),
        (date, "2026-01-31", "2026-01-31"),
        (datetime, datetime(2026, 1, 31, 12), "2026-01-31T12:00:00+00:00"),  # noqa: DTZ001
        (datetime, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        (File, " /data/a.csv ", "/data/a.csv"),
        (list[int], ["1", 2], [1, 2]),
        (list[int], [], []),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Point, {"x": 1}, {"x": 1}),
        (int | str, '"text"', "text"),
        (str | None, "", None),
    ],
)
def test_an_entry_becomes_what_the_schema_takes(annotation: Any, held: Any, value: Any) -> None:
    assert parsed(annotation, held) == {"value": value}
    Draft202012Validator(schema_of(annotation)).validate({"value": value})


@pytest.mark.parametrize(
    ("annotation", "default", "held"),
    [
        (int, 5, 5),
        (int, 5, None),
        (float, 1.0, 1),
        (str, "a", "a"),
        (str | None, None, ""),
        (int | None, None, None),
        (list[str] | None, None, []),
        (date, date(2026, 1, 31), date(2026, 1, 31)),
        (datetime, datetime(2026, 1, 31), datetime(2026, 1, 31)),  # noqa: DTZ001
        (dict[str, int], {"a": 1}, '{ "a": 1 }'),
        (int | str, "a", '"a"'),
        (File | None, None, "  "),
    ],
)
def test_an_untouched_optional_field_is_omitted(annotation: Any, default: Any, held: Any) -> None:
    assert parsed(annotation, held, default) == {}
    assert parse([field_of(annotation, default)], {}) == {}


def test_an_emptied_field_says_null_where_null_differs_from_its_default() -> None:
    assert parsed(int | None, None, 10) == {"value": None}


def test_an_emptied_line_says_empty_text_where_text_is_the_default() -> None:
    assert parsed(str, "", "abc") == {"value": ""}


def test_true_is_not_one() -> None:
    assert parsed(dict[str, Any], '{"a": true}', {"a": 1}) == {"value": {"a": True}}
    assert refusal(Literal[1, 2], True)["detail"] == "must be one of 1, 2"


@pytest.mark.parametrize(
    ("annotation", "held", "detail"),
    [
        (str, "", "is required"),
        (str, 5, "must be text"),
        (Annotated[str, Field(pattern="^a")], "b", "must match ^a"),
        (int, None, "is required"),
        (int, "1.5", "must be a whole number"),
        (int, True, "must be a number"),
        (int, "9" * 5000, "must be a number"),
        (float, 10**400, "must be a number"),
        (float, float("nan"), "must be a number"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=9)], 10, "must be at most 9"),
        (bool, "yes", "must be true or false"),
        (Size, 3, "must be one of 1, 2"),
        (Size, object(), "must be JSON"),
        (date, "tomorrow", "must be a date such as 2026-01-31"),
        (datetime, 5, "must be a date and time such as 2026-01-31T12:00:00Z"),
        (File, 5, "must be a path or the id of an uploaded file"),
        (list[int], "1,2", "must be a list"),
        (Point, "{", "must be JSON: expecting property name enclosed in double quotes at line 1, column 2"),
        (Point, "[NaN]", "must be JSON, which has no NaN"),
        (Point, "[" * 100_000, "must be JSON that is less deep"),
        (Point, {1, 2}, "must be JSON"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_with_a_sentence(annotation: Any, held: Any, detail: str) -> None:
    assert refusal(annotation, held) == {"field": "value", "detail": detail}


def test_a_wrong_entry_of_an_array_is_named_by_its_place() -> None:
    assert refusal(list[int], [1, "x"]) == {"field": "value.1", "detail": "must be a number"}


def test_all_faults_are_told_at_once_and_unknown_names_too() -> None:
    form = [field_of(int), FormField(name="b", kind="boolean")]
    with pytest.raises(InvalidParams) as refused:
        parse(form, {"value": "x", "b": 1, "c": 2}, task="some")
    assert [error["field"] for error in refused.value.errors] == ["value", "b", "c"]
    assert refused.value.task == "some"
