"""How the fields of a form are chosen, and where errors go."""

import pytest
from task_form import emptied, errors_at, errors_elsewhere, slider_bounds

from headway.fields import FormField

ERRORS = [{"field": "columns.0", "detail": "must be text"}, {"field": "", "detail": "too many"}]


@pytest.mark.parametrize(
    ("task", "members", "bounds"),
    [
        ("any", {"minimum": 0, "maximum": 100, "default": 5}, (0, 100)),
        ("any", {"minimum": 100, "maximum": 1_000_000, "default": 20_000}, None),
        ("any", {"minimum": 1, "default": 5}, None),
        ("any", {"minimum": 0, "maximum": 10}, None),
        ("long_task", {"minimum": 1, "default": 5}, (1, 20)),
    ],
)
def test_a_whole_number_between_near_bounds_is_slid(
    task: str, members: dict[str, int], bounds: tuple[int, int] | None
) -> None:
    field = FormField(name="n_steps", kind="integer", step=1, required=False, **members)
    assert slider_bounds(task, field) == bounds


def test_an_error_inside_of_an_entry_is_shown_at_its_field() -> None:
    assert errors_at("columns", ERRORS) == ["Entry 1 must be text."]


def test_an_error_of_no_field_is_shown_below_the_form() -> None:
    assert errors_elsewhere([FormField(name="columns", kind="array")], ERRORS) == ["too many"]


@pytest.mark.parametrize(("held", "wrong"), [("", True), ("  ", True), (None, True), ("5", False), ("0", False)])
def test_a_number_that_was_emptied_is_missed(held: str | None, wrong: bool) -> None:
    field = FormField(name="rows", kind="integer", required=False, default=5)
    assert emptied([field], {"rows": held}) == ([{"field": "rows", "detail": "is required"}] if wrong else [])


def test_a_number_that_may_be_nothing_may_be_emptied() -> None:
    form = [
        FormField(name="a", kind="number", required=False, nullable=True, default=5),
        FormField(name="b", kind="number", required=False, nullable=True),
    ]
    assert emptied(form, {"a": "", "b": None}) == []
