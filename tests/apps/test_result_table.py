"""How a result's table is shown."""

from typing import Any

import pandas as pd
import pytest
from result_table import columns, frame, is_number, number_format


def one(cells: list[Any], name: str = "a") -> dict[str, Any]:
    return {"columns": [name], "rows": [[cell] for cell in cells]}


def test_truth_is_no_number() -> None:
    assert is_number(0.5)
    assert not is_number(True)


@pytest.mark.parametrize("cells", [[], [1, "x"], [[1, 2], {"k": 1}], [None, None], [1.5, None], [True, 1], [0.0, "x"]])
def test_any_column_can_be_drawn(cells: list[Any]) -> None:
    data = frame(one(cells))
    assert isinstance(data, pd.DataFrame)
    assert len({type(cell) for cell in data["a"].dropna()}) <= 1
    assert columns(one(cells))["a"]["width"] > 0


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([336776, 1.0, None], "%,d"),
        ([6.5485, 2013.0], "%,.2f"),
        ([0.9533, 0.91, 12.5], "%,.3f"),
        ([16.05, 8.18, -0.696], "%,.2f"),
        ([0.0, -0.02], "%,.4f"),
        ([0.00000123, 0.5], "%.4g"),
        (["x", None], "%,d"),
    ],
)
def test_a_columns_numbers_share_decimals_that_show_three_digits_and_hide_none(cells: list[Any], wanted: str) -> None:
    assert number_format(cells) == wanted


def test_numbers_among_texts_have_their_thousands_apart_too() -> None:
    assert frame(one([336776, 12, "9E", None, 9]))["a"].tolist()[:3] == ["336,776", "12", "9E"]


@pytest.mark.parametrize(("cells", "right"), [([1, None], True), ([1, 2, "9E"], True), (["x", "y", 3], False)])
def test_a_column_that_mostly_holds_numbers_is_at_the_right(cells: list[Any], right: bool) -> None:
    assert (columns(one(cells))["a"]["alignment"] == "right") is right


def test_a_column_is_as_wide_as_its_longest_text_or_its_name_up_to_a_bound() -> None:
    widths = [
        columns(one([text], name))[name]["width"] for text, name in (("x" * 9, "a"), ("x", "n" * 9), ("x" * 99, "a"))
    ]
    assert widths[0] == widths[1] < widths[2] == 320


def test_a_column_is_as_wide_as_what_its_widest_cell_takes() -> None:
    shown = columns({"columns": ["a", "b"], "rows": [["2014-01-01T04:00:00Z", "WWWWWWWWWWWWWWWWWWWW"]]})
    assert shown["a"]["width"] < shown["b"]["width"]
