"""A job's result, drawn by its shape: a table, a number, a text, a link, or JSON."""

import json
from typing import Any, TypeGuard

import pandas as pd
import streamlit as st
from plain_text import plain
from session import client

from headway.quantities import number
from headway.snapshot import Number, Snapshot

Path = tuple[str, ...]

# More would make the page a list of tables; the rest is in the JSON below them.
_TABLES_MAX = 12
# A longer table scrolls inside of its own frame.
_ROWS_UNSCROLLED_MAX = 30
# A table is painted, so that nothing measures its texts for us.
_CHARACTER_PX, _CELL_PADDING_PX, _CELL_PX_MAX = 7, 18, 200


def draw_result(snapshot: Snapshot) -> None:
    """Draw the result of a finished job."""
    st.subheader("Result")
    result = snapshot.result
    if result is None:
        st.caption("This job has no result.")
    elif is_number(result):
        st.metric("Value", plain(f"{result:,.10g}"))
    elif isinstance(result, str):
        st.code(result, language=None, wrap_lines=True)
    elif is_kept_beside(result):
        _draw_link(result)
    else:
        _draw_parts(result)


def is_number(value: object) -> TypeGuard[Number]:
    """Whether it is a JSON number; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_table(value: object) -> bool:
    """Whether it is the object that a data frame travels as."""
    return (
        isinstance(value, dict)
        and value.get("type") == "table"
        and isinstance(value.get("columns"), list)
        and len(set(map(str, value["columns"]))) == len(value["columns"])
        and isinstance(value.get("rows"), list)
        and all(isinstance(row, list) and len(row) == len(value["columns"]) for row in value["rows"])
    )


def is_kept_beside(value: object) -> bool:
    """Whether it only says where a result is that was too large for the snapshot."""
    return isinstance(value, dict) and value.keys() == {"href", "bytes"} and str(value["href"]).startswith("/")


def split_tables(value: Any, at: Path = ()) -> tuple[list[tuple[Path, dict[str, Any]]], Any]:
    """The tables inside of nested objects with their places, and what is left without them, None if nothing."""
    if is_table(value):
        return [(at, value)], None
    if not isinstance(value, dict):
        return [], value
    tables = []
    rest = {}
    for key, member in value.items():
        found, left = split_tables(member, (*at, str(key)))
        tables += found
        if left is not None or not found:
            rest[key] = left
    return tables, rest or None


def frame(table: dict[str, Any]) -> pd.DataFrame:
    """A table's rows; cells that are lists or objects become the text of their JSON."""
    names = [str(column) for column in table["columns"]]
    return pd.DataFrame({name: _column([row[place] for row in table["rows"]]) for place, name in enumerate(names)})


def numeric(table: dict[str, Any]) -> list[str]:
    """The columns that mostly hold numbers, whatever else is among them."""
    names = []
    for place, column in enumerate(table["columns"]):
        cells = [row[place] for row in table["rows"] if row[place] is not None]
        if sum(map(is_number, cells)) * 2 > len(cells):
            names.append(str(column))
    return names


def _column(cells: list[Any]) -> list[Any]:
    cells = [json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell for cell in cells]
    kinds = {float if is_number(cell) else type(cell) for cell in cells if cell is not None}
    # Numbers and texts together have no type in the browser.
    return cells if len(kinds) <= 1 else [None if cell is None else str(cell) for cell in cells]


def _draw_parts(result: Any) -> None:
    tables, rest = split_tables(result)
    if isinstance(rest, dict) and tables:
        numbers = {key: value for key, value in rest.items() if is_number(value)}
        _draw_numbers(numbers)
        rest = {key: value for key, value in rest.items() if key not in numbers}
    for place, table in tables[:_TABLES_MAX]:
        _draw_table(place, table)
    if len(tables) > _TABLES_MAX:
        st.caption(f"{len(tables) - _TABLES_MAX} more tables are in the raw snapshot.")
    if rest or not tables:
        st.json(rest if tables else result, expanded=2)


def _draw_numbers(numbers: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        for key, value in numbers.items():
            st.metric(plain(key), plain(f"{value:,.10g}"), width="content")


def _draw_table(place: Path, table: dict[str, Any]) -> None:
    data = frame(table)
    if place:
        st.markdown(f"**{plain(' › '.join(place))}**")
    st.dataframe(
        data,
        height="content" if len(data) <= _ROWS_UNSCROLLED_MAX else "auto",
        hide_index=True,
        placeholder="",
        column_config={name: _numbers(data[name]) for name in numeric(table)},
        alt=f"Result table with {len(data)} rows and {len(data.columns)} columns",
    )
    total = table.get("total_rows")
    if is_number(total) and total > len(data):
        st.caption(f"The first {len(data):,} of {number(total)} rows.")


def _numbers(cells: "pd.Series[Any]") -> Any:
    """At the right; as wide as the longest text among them, which would otherwise lose its beginning."""
    longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
    width_px = min(_CELL_PX_MAX, _CELL_PADDING_PX + _CHARACTER_PX * longest) if longest else None
    return st.column_config.Column(alignment="right", width=width_px)


def _draw_link(result: dict[str, Any]) -> None:
    size_mib = result["bytes"] / 1024**2 if is_number(result["bytes"]) else 0
    st.link_button(f"Open the result ({size_mib:.1f} MiB)", client().url + result["href"], icon=":material/download:")
