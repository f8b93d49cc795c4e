"""The registry of tasks: what a signature becomes, what is refused, and what workers announce."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

import worker.examples  # noqa: F401  registered once, before any test swaps the registry
from headway import tasks
from headway.errors import BadInput, InvalidParams, SettingsError, TaskNotFound
from headway.files import File
from headway.lesson import LONG_TASK
from headway.schema import inline
from headway.tasks import TaskInfo, task


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    y: int = 0


class Tree(BaseModel):
    children: list["Tree"] = []


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_registry", dict(tasks._registry))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], str]]:
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return write


def every_type(
    count: Annotated[int, Field(ge=1, le=9)],
    colour: Colour,
    day: date,
    at: datetime = datetime(2013, 1, 1, tzinfo=UTC),
    mode: Literal["fast", "good"] = "good",
    limit: int | None = None,
    names: list[str] = [],  # noqa: B006
    point: Point = Point(x=1),  # noqa: B008
    table: File | None = None,
) -> int:
    """Count
    things.

    More about it.
    """
    return count


def test_a_task_stays_the_function_it_was() -> None:
    def double(n: int) -> int:
        return 2 * n

    assert task(double) is double
    assert task(name="other", retries=2)(double) is double
    assert tasks.get("other").policy.retries == 2


def test_params_become_the_function_s_own_types() -> None:
    task(every_type)
    params = {"count": 3, "colour": "blue", "day": "2026-01-31", "limit": None, "point": {"x": 5}}
    assert tasks.get("every_type").validate(params) == {
        "count": 3,
        "colour": Colour.BLUE,
        "day": date(2026, 1, 31),
        "at": datetime(2013, 1, 1, tzinfo=UTC),
        "mode": "good",
        "limit": None,
        "names": [],
        "point": Point(x=5),
        "table": None,
    }


@pytest.mark.parametrize(
    ("change", "field", "detail"),
    [
        ({"count": 10}, "count", "less than or equal to 9"),
        ({"count": "many"}, "count", "valid integer"),
        ({"point": {}}, "point.x", "required"),
        ({"names": ["a", 1]}, "names.1", "valid string"),
        ({"colour": "green"}, "colour", "'red' or 'blue'"),
        ({"extra": 1}, "extra", "not permitted"),
    ],
)
def test_wrong_params_are_refused_by_the_field_s_path(change: dict[str, Any], field: str, detail: str) -> None:
    task(every_type)
    with pytest.raises(InvalidParams) as refused:
        tasks.get("every_type").validate({"count": 3, "colour": "red", "day": "2026-01-31"} | change)
    assert refused.value.errors[0]["field"] == field
    assert detail in refused.value.errors[0]["detail"]


@pytest.mark.parametrize("params", [None, [], "n", 3])
def test_params_that_are_no_object_are_refused_as_a_whole(params: object) -> None:
    task(every_type)
    with pytest.raises(InvalidParams) as refused:
        tasks.get("every_type").validate(params)
    assert refused.value.errors[0]["field"] == ""


def test_the_path_of_a_fault_leaves_out_the_branches_of_a_union() -> None:
    @task
    def either(sizes: list[Union[int, list[int]]]) -> None: ...  # noqa: UP007

    with pytest.raises(InvalidParams) as refused:
        tasks.get("either").validate({"sizes": [1, ["x"]]})
    assert {error["field"] for error in refused.value.errors} == {"sizes.1", "sizes.1.0"}


def test_a_parameter_may_have_the_name_of_a_model_s_method() -> None:
    @task
    def odd_names(schema: str, json: int = 1, model_config: bool = False, copy: str = "") -> None: ...

    odd = tasks.get("odd_names")
    assert odd.validate({"schema": "s"}) == {"schema": "s", "json": 1, "model_config": False, "copy": ""}
    assert [field.label for field in odd.info().fields] == ["Schema", "Json", "Model config", "Copy"]


def untyped(n) -> None: ...  # type: ignore[no-untyped-def]
def starred(*items: int) -> None: ...
def keywords(**items: int) -> None: ...
def positional(n: int, /) -> None: ...
def of_the_lesson(job_id: str, n: int = 5) -> None: ...
def private(_n: int) -> None: ...
def unknown_type(n: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def of_a_callable(n: Callable[[], int]) -> None: ...
def recursive(tree: Tree) -> None: ...
def wrong_default(n: Annotated[int, Field(ge=1)] = 0) -> None: ...
def field_default(n: int = Field(1, ge=1)) -> None: ...
def infinite(n: float = float("inf")) -> None: ...
def generating(n: int) -> Iterator[int]:
    yield n


async def waiting(n: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (untyped, "'n' has no type annotation"),
        (starred, "*items has no form"),
        (keywords, "**items has no form"),
        (positional, "positional only"),
        (of_the_lesson, "leave out 'job_id'"),
        (private, "underscore"),
        (unknown_type, "'Nowhere' is not defined"),
        (of_a_callable, "JsonSchema"),
        (recursive, "Tree contains itself"),
        (wrong_default, "the default of parameter 'n'"),
        (field_default, "write Annotated"),
        (generating, "yields"),
        (waiting, "is async"),
        (len, "plain function"),
    ],
)
def test_a_function_that_cannot_be_a_task_is_refused_with_a_reason(function: Any, why: str) -> None:
    with pytest.raises(BadInput, match=f"^task '{function.__name__}': ") as refused:
        task(function)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    "options", [{"retries": -1}, {"timeout": 0}, {"pause": "maybe"}, {"queue": "a b"}, {"name": "a/b"}, {"retry": 1}]
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(options))):
        task(**options)(every_type)


def test_a_schema_has_no_references_and_takes_what_the_task_takes() -> None:
    task(every_type)
    schema = tasks.get("every_type").params_schema
    assert "$ref" not in str(schema)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"count": 3, "colour": "blue", "day": "2026-01-31", "point": {"x": 1}})
    assert not validator.is_valid({"count": 3, "colour": "blue", "day": "2026-01-31", "point": {}})
    assert schema["properties"]["colour"] == {"title": "Colour", "type": "string", "enum": ["red", "blue"]}


def test_what_only_looks_like_a_reference_is_left_alone() -> None:
    odd = {"type": "object", "default": {"$ref": "#/$defs/None"}}
    schema = {"properties": {"$ref": odd, "default": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    assert inline(schema) == {"properties": {"$ref": odd, "default": {"type": "string"}}}


def test_a_reference_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(BadInput, match="leads nowhere"):
        inline({"properties": {"a": {"$ref": "https://example.org/schema"}}})


def test_what_a_worker_announces_survives_the_wire() -> None:
    task(name="every", queue="slow", retries=3)(every_type)
    info = tasks.get("every").info()
    assert (info.name, info.queue, info.description, info.workers) == ("every", "slow", "Count things.", 0)
    assert TaskInfo.model_validate_json(info.model_dump_json()) == info


def test_the_built_in_lesson_task_is_what_its_worker_announces() -> None:
    assert tasks.get("long_task").info() == LONG_TASK


def test_an_unknown_task_is_not_found() -> None:
    with pytest.raises(TaskNotFound, match="no task named 'nobody'"):
        tasks.get("nobody")


def test_loading_modules_registers_their_tasks(module: Callable[[str, str], str]) -> None:
    name = module("tasks_loaded", "from headway.tasks import task\n@task\ndef loaded(n: int) -> int:\n    return n\n")
    assert "loaded" in [loaded.name for loaded in tasks.load([name])]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("def", "SyntaxError"),
        ("raise SystemExit(1)", "SystemExit"),
        ("from headway.tasks import task\n@task\ndef f(x): ...", "task 'f': parameter 'x' has no type annotation"),
    ],
)
def test_a_module_that_cannot_be_imported_stops_the_start(
    module: Callable[[str, str], str], source: str, why: str
) -> None:
    name = module(f"tasks_broken_{len(source)}", source)
    with pytest.raises(SettingsError, match=f"HEADWAY_TASKS: '{name}' cannot be imported: ") as refused:
        tasks.load([name])
    assert why in str(refused.value)


def test_two_functions_of_one_name_stop_the_start(module: Callable[[str, str], str]) -> None:
    source = "from headway.tasks import task\n@task\ndef twin() -> None: ...\n"
    names = [module("tasks_twin_one", source), module("tasks_twin_two", source)]
    with pytest.raises(SettingsError, match=r"tasks_twin_one\.twin and tasks_twin_two\.twin"):
        tasks.load(names)


def test_the_same_function_registered_again_replaces_itself() -> None:
    for retries in (1, 2):
        task(name="again", retries=retries)(every_type)
    assert tasks.get("again").policy.retries == 2


def test_no_task_at_all_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_registry", {})
    with pytest.raises(SettingsError, match="HEADWAY_TASKS: no function with @task in json"):
        tasks.load(["json"])
