"""Results by their shape."""

import pandas as pd
import pytest
from job_result import frame, is_kept_beside, is_number, is_table, numeric, split_tables

TABLE = {"type": "table", "columns": ["a", "b"], "rows": [[1, "x"], [2, None]], "total_rows": 2}


def test_a_table_is_told_from_what_only_looks_like_one() -> None:
    assert is_table(TABLE)
    assert not is_table({"type": "table", "columns": ["a"], "rows": [[1, 2]]})
    assert not is_table({"type": "table", "columns": ["a", "a"], "rows": []})
    assert not is_table({"type": "table"})


def test_truth_is_no_number() -> None:
    assert is_number(0.5)
    assert not is_number(True)


def test_a_result_kept_beside_is_told_from_a_result_with_such_members() -> None:
    assert is_kept_beside({"href": "/jobs/j/result", "bytes": 3_000_000})
    assert not is_kept_beside({"href": "https://elsewhere.example", "bytes": 1})


def test_nested_tables_are_found_and_the_rest_is_left() -> None:
    tables, rest = split_tables({"n": 3, "by": {"carrier": TABLE, "note": "x"}, "alone": {"t": TABLE}})
    assert [place for place, _ in tables] == [("by", "carrier"), ("alone", "t")]
    assert rest == {"n": 3, "by": {"note": "x"}}


@pytest.mark.parametrize("cells", [[1, "x"], [[1, 2], {"k": 1}], [None, None], [1.5, None], [True, 1]])
def test_any_column_can_be_drawn(cells: list[object]) -> None:
    data = frame({"columns": ["a"], "rows": [[cell] for cell in cells]})
    assert isinstance(data, pd.DataFrame)
    assert len({type(cell) for cell in data["a"].dropna()}) <= 1


def test_a_column_is_one_of_numbers_if_most_of_its_cells_are() -> None:
    rows = [[1, "x", 1, None], [2, "y", None, None], ["9E", 3, None, None]]
    assert numeric({"columns": ["min", "name", "mean", "none"], "rows": rows}) == ["min", "mean"]
