"""Results by their shape."""

from job_result import is_kept_beside, is_table, split_tables

TABLE = {"type": "table", "columns": ["a", "b"], "rows": [[1, "x"], [2, None]], "total_rows": 2}


def test_a_table_is_told_from_what_only_looks_like_one() -> None:
    assert is_table(TABLE)
    assert not is_table({"type": "table", "columns": ["a"], "rows": [[1, 2]]})
    assert not is_table({"type": "table", "columns": ["a", "a"], "rows": []})
    assert not is_table({"type": "table"})


def test_a_result_kept_beside_is_told_from_a_result_with_such_members() -> None:
    assert is_kept_beside({"href": "/jobs/j/result", "bytes": 3_000_000})
    assert not is_kept_beside({"href": "https://elsewhere.example", "bytes": 1})


def test_nested_tables_are_found_and_the_rest_is_left() -> None:
    tables, rest = split_tables({"n": 3, "by": {"carrier": TABLE, "note": "x"}, "alone": {"t": TABLE}})
    assert [place for place, _ in tables] == [("by", "carrier"), ("alone", "t")]
    assert rest == {"n": 3, "by": {"note": "x"}}
