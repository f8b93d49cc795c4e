"""A job's result becomes strict JSON, or a sentence that says which part cannot."""

import json
import math
import subprocess
import sys
import time as stopwatch
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, SecretStr

from headway.encode import encode_result, size_bytes
from headway.errors import NotEncodable


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: float
    when: date


class Report(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str
    at: datetime
    scores: dict[str, float]
    site: AnyUrl
    key: SecretStr
    frame: Any = None


def carried(value: object) -> Any:
    return json.loads(encode_result(value), parse_constant=pytest.fail)


def table(columns: list[str], rows: list[list[object]], total_rows: int | None = None) -> dict[str, object]:
    return {
        "type": "table",
        "columns": columns,
        "rows": rows,
        "total_rows": len(rows) if total_rows is None else total_rows,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"msg": "done", "value": 42}, {"msg": "done", "value": 42}),
        ([math.nan, math.inf, -math.inf, 0.5], [None, None, None, 0.5]),
        ([2**53, 2**53 + 1, -(2**63)], [2**53, "9007199254740993", "-9223372036854775808"]),
        ([Decimal("1.10"), Decimal(5), Decimal("NaN")], [1.1, 5, None]),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal("1e400"), "1E+400"),
        (datetime(2025, 10, 28, 10, 21, tzinfo=UTC), "2025-10-28T10:21:00Z"),
        (datetime(2025, 10, 28, 10, tzinfo=timezone(timedelta(hours=2))), "2025-10-28T10:00:00+02:00"),
        ([date(2025, 1, 2), time(3, 4)], ["2025-01-02", "03:04:00"]),
        (timedelta(minutes=1.5), 90.0),
        ([Path("a/b"), UUID(int=1)], ["a/b", "00000000-0000-0000-0000-000000000001"]),
        ([Colour.RED, Level.HIGH], ["red", 3]),
        (Point(1.5, date(2025, 1, 2)), {"x": 1.5, "when": "2025-01-02"}),
        ([(1, 2), {3, 1, 2}, frozenset("ba"), deque([4]), range(2)], [[1, 2], [1, 2, 3], ["a", "b"], [4], [0, 1]]),
        ({"z": 1, "a": 2}.keys(), ["z", "a"]),
        (OrderedDict({1: "a", None: "b", False: "c"}), {"1": "a", "null": "b", "false": "c"}),
        ({date(2025, 1, 2): 1, Colour.RED: 2, np.int64(7): 3, 0.5: 4}, {"2025-01-02": 1, "red": 2, "7": 3, "0.5": 4}),
        ("\ud800é", "\ufffdé"),
    ],
)  # fmt: skip
def test_what_json_has_no_word_for_is_carried(value: object, expected: object) -> None:
    assert carried(value) == expected


def test_text_is_compact_on_one_line_and_not_escaped() -> None:
    encoded = encode_result({"städte": ["Köln\n", "東京"]})
    assert encoded == '{"städte":["Köln\\n","東京"]}'
    assert size_bytes(encoded) == len(encoded.encode())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([np.int64(3), np.float32(0.5), np.bool_(True), np.float64("nan")], [3, 0.5, True, None]),
        (np.array([[1.5, np.nan], [np.inf, 2]]), [[1.5, None], [None, 2.0]]),
        (np.array(7), 7),
        (np.array([2**60]), [str(2**60)]),
        (np.array(["2025-01-02", "NaT"], dtype="datetime64[ns]"), ["2025-01-02T00:00:00.000000000", None]),
        (np.timedelta64(1500, "ms"), 1.5),
        (np.array([Decimal("0.5"), "x"], dtype=object), [0.5, "x"]),
        (np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), [[1, 2.5]]),
        (np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, None]),
        (np.array([1.5], dtype=np.longdouble), [1.5]),
    ],
)
def test_numpy_is_carried_as_numbers_and_lists(value: object, expected: object) -> None:
    assert carried(value) == expected


def test_a_frame_is_a_table_with_its_holes_as_null() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.5, math.nan],
            "at": pd.to_datetime(["2025-01-02", None]),
            "kind": pd.Categorical(["a", "b"]),
            "took": pd.to_timedelta(["1min", None]),
        }
    )
    assert carried(frame) == table(
        ["n", "x", "at", "kind", "took"], [[1, 0.5, "2025-01-02T00:00:00", "a", 60.0], [None, None, None, "b", None]]
    )


def test_of_a_long_frame_the_first_thousand_rows_are_carried() -> None:
    shown = carried(pd.DataFrame({"x": range(5_000)}))
    assert shown["total_rows"] == 5_000
    assert shown["rows"] == [[x] for x in range(1_000)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (pd.DataFrame({"x": [1, 2]}, index=["a", "b"]), table(["index", "x"], [["a", 1], ["b", 2]])),
        (pd.DataFrame({"x": [1, 2]}).iloc[1:], table(["index", "x"], [[1, 2]])),
        (pd.DataFrame({"k": ["a", "a", "b"], "x": [1, 2, 3]}).groupby("k").agg({"x": ["sum", "max"]}),
         table(["k", "x.sum", "x.max"], [["a", 3, 2], ["b", 3, 3]])),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), table(["x", "x (2)"], [[1, 2]])),
        (pd.Series([1.5, 2], name="y"), table(["y"], [[1.5], [2.0]])),
        (pd.Series({"a": 1}).rename_axis("k"), table(["k", "value"], [["a", 1]])),
        (pd.Index(["a", "b"]), table(["value"], [["a"], ["b"]])),
        (pd.MultiIndex.from_tuples([(1, "a")]), table(["level_0", "level_1"], [[1, "a"]])),
        (pd.DataFrame({"x": []}), table(["x"], [])),
        (pd.DataFrame(), table([], [])),
        (pd.Series([1], index=pd.PeriodIndex(["2025-01"], freq="M")), table(["index", "value"], [["2025-01", 1]])),
        (pd.Series(["a", None]).unique(), ["a", None]),
        ([pd.NA, pd.NaT, pd.Timestamp("2025-01-02", tz="UTC"), pd.Interval(0, 1)],
         [None, None, "2025-01-02T00:00:00Z", "(0, 1]"]),
    ],
)  # fmt: skip
def test_pandas_of_every_shape_is_carried(value: object, expected: object) -> None:
    assert carried(value) == expected


def test_a_pydantic_model_is_an_object_whatever_it_holds() -> None:
    report = Report(
        name="é",
        at=datetime(2025, 1, 2, tzinfo=UTC),
        scores={"a": math.nan},
        site=AnyUrl("https://example.org/"),
        key=SecretStr("hidden"),
        frame=pd.DataFrame({"x": [1]}),
    )
    assert carried([report]) == [
        {
            "name": "é",
            "at": "2025-01-02T00:00:00Z",
            "scores": {"a": None},
            "site": "https://example.org/",
            "key": "**********",
            "frame": table(["x"], [[1]]),
        }
    ]


def a_generator() -> Iterator[int]:
    yield 1


def a_cycle() -> dict[str, Any]:
    parent: dict[str, Any] = {"children": [{}]}
    parent["children"][0]["parent"] = parent
    return parent


class Raising(dict[str, int]):
    """A mapping that nobody can read."""

    def items(self) -> Any:
        raise RuntimeError("not readable")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"rows": [0, 1, 2, {"fn": lambda: 0}]}, "result.rows[3].fn: a function cannot be carried as JSON"),
        ({"a b": len}, 'result["a b"]: a function cannot be carried as JSON'),
        (a_generator(), "result: a generator cannot be carried as JSON"),
        ([map(str, [1])], "result[0]: an iterator (map) cannot be carried as JSON"),
        (b"x", "result: bytes cannot be carried as JSON: decode them, or write a file and return its path"),
        (1j, "result: a value of type complex cannot be carried as JSON"),
        (Point, "result: the class Point cannot be carried as JSON"),
        (a_cycle(), "result.children[0].parent: it contains itself, which JSON cannot carry"),
        ({"1": 0, 1: 0}, 'result: two of its keys would both be "1"'),
        ({("a", 1): 0}, "result: a key of type tuple cannot be carried as JSON: make it text"),
        (pd.DataFrame({"x": [1, 2], "fn": [0, len]}), "result.rows[1].fn: a function cannot be carried as JSON"),
        ([Raising()], "result[0]: reading it raised RuntimeError: not readable"),
        (np.array([1j]), "result[0]: a value of type complex cannot be carried as JSON"),
    ],
)
def test_what_cannot_be_carried_is_named_by_its_place(value: object, sentence: str) -> None:
    with pytest.raises(NotEncodable) as caught:
        encode_result(value)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("depth", [201, 100_000])
def test_nesting_has_an_end(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(NotEncodable, match="nested more than 200 deep"):
        encode_result(value)


def test_two_hundred_levels_are_carried() -> None:
    value: list[Any] = []
    for _ in range(199):
        value = [value]
    assert encode_result(value) == "[" * 200 + "]" * 200


def test_a_stack_that_is_nearly_full_is_no_recursion_error() -> None:
    def deep(levels: int) -> str:
        return encode_result([[[[[[[[1]]]]]]]]) if not levels else deep(levels - 1)

    outcomes = set()
    for levels in range(700, sys.getrecursionlimit()):
        try:
            outcomes.add(deep(levels))
        except NotEncodable as error:
            outcomes.add(str(error))
        except RecursionError:
            break  # the stack was full before encode_result was called
    assert outcomes == {"[[[[[[[[1]]]]]]]]", "result: nested too deep for what is left of the stack"}


def test_the_same_part_twice_is_no_cycle() -> None:
    part = {"x": 1}
    assert carried([part, part]) == [{"x": 1}, {"x": 1}]


def test_a_result_that_doubles_at_every_level_is_given_up() -> None:
    value: list[Any] = ["x" * 1_000]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(NotEncodable, match="grows beyond 64 MB"):
        encode_result(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.broadcast_to(np.float64(0), (1_000_000, 128)),
        lambda: pd.DataFrame(np.broadcast_to(np.float64(0), (1_000, 20_000))),
        lambda: ["x" * (65 * 1024 * 1024)],
        lambda: range(10**12),
    ],
    ids=["array", "wide frame", "text", "range"],
)
def test_what_is_far_too_large_is_refused_before_it_is_copied(make: Callable[[], object]) -> None:
    value = make()
    began = stopwatch.perf_counter()
    with pytest.raises(NotEncodable, match="grows beyond 64 MB"):
        encode_result(value)
    assert stopwatch.perf_counter() - began < 0.5


def test_a_frame_of_forty_million_cells_costs_a_thousand_rows() -> None:
    frame = pd.DataFrame(np.broadcast_to(np.int8(1), (20_000_000, 2)))
    began = stopwatch.perf_counter()
    assert carried(frame)["total_rows"] == 20_000_000
    assert stopwatch.perf_counter() - began < 0.5


def test_neither_numpy_nor_pandas_is_imported_for_a_job_without_them() -> None:
    script = """
import sys
from headway.encode import encode_result
encode_result({"a": [1, {2}]})
print({"numpy", "pandas"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "set()\n"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_plain_json_comes_back_as_it_was(value: object) -> None:
    assert carried(value) == value
