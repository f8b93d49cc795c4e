"""A table of a job's result: numbers at the right with thousands apart, each column as wide as what it holds."""

import json
from collections.abc import Iterable
from math import floor, log10
from statistics import median_low
from typing import Any, TypeGuard

import pandas as pd
import streamlit as st

from headway.quantities import number
from headway.snapshot import Number

# A longer table scrolls inside of its own frame.
_ROWS_UNSCROLLED_MAX = 30
# A table is painted, so that nothing measures its texts for us.
_CHARACTER_PX, _THIN_PX, _CELL_PADDING_PX, _CELL_PX_MAX = 7, 4, 20, 320
_THIN = frozenset(".,:;'|!-ijl ")
# Three digits of the middle number and one of the smallest; where that takes too many zeros, four of each by itself.
_DECIMALS_MIN, _DECIMALS_MAX = 2, 6
_EACH_BY_ITSELF = "%.4g"


def draw_table(table: dict[str, Any]) -> None:
    """Draw a table as it travels."""
    data = frame(table)
    st.dataframe(
        data,
        width="content",
        height="content" if len(data) <= _ROWS_UNSCROLLED_MAX else "auto",
        hide_index=True,
        placeholder="",
        column_config=columns(table),
        alt=f"Result table with {len(data)} rows and {len(data.columns)} columns",
    )
    total = table.get("total_rows")
    if is_number(total) and total > len(data):
        st.caption(f"The first {len(data):,} of {number(total)} rows.")


def is_number(value: object) -> TypeGuard[Number]:
    """Whether it is a JSON number; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def frame(table: dict[str, Any]) -> pd.DataFrame:
    """A table's rows; cells that are lists or objects become the text of their JSON."""
    return pd.DataFrame({name: _column(cells) for name, cells in _by_name(table)})


def columns(table: dict[str, Any]) -> dict[str, Any]:
    """How each column is shown, as Streamlit's `column_config`."""
    shown = {}
    for name, cells in _by_name(table):
        width_px = _width_px(name, cells)
        if not _mostly_numbers(cells):
            shown[name] = st.column_config.Column(width=width_px)
        elif all(is_number(cell) for cell in cells if cell is not None):
            shown[name] = st.column_config.NumberColumn(format=number_format(cells), alignment="right", width=width_px)
        else:
            shown[name] = st.column_config.Column(alignment="right", width=width_px)
    return shown


def number_format(cells: Iterable[object]) -> str:
    """The printf format that suits a column's numbers: whole ones without decimals, all others with the same number."""
    numbers = [abs(cell) for cell in cells if is_number(cell)]
    if all(value == floor(value) for value in numbers):
        return "%,d"
    sizes = [floor(log10(value)) for value in numbers if value]
    decimals = max(2 - median_low(sizes), -min(sizes))
    return _EACH_BY_ITSELF if decimals > _DECIMALS_MAX else f"%,.{max(_DECIMALS_MIN, decimals)}f"


def _by_name(table: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [(str(name), [row[place] for row in table["rows"]]) for place, name in enumerate(table["columns"])]


def _mostly_numbers(cells: list[Any]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return sum(map(is_number, known)) * 2 > len(known)


def _column(cells: list[Any]) -> list[Any]:
    cells = [json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell for cell in cells]
    kinds = {float if is_number(cell) else type(cell) for cell in cells if cell is not None}
    # Numbers and texts together have no type in the browser.
    return cells if len(kinds) <= 1 else _texts(cells)


def _texts(cells: list[Any]) -> list[str | None]:
    """The cells as they are read, numbers in the format of their column."""
    spec = number_format(cells).removeprefix("%").replace("d", ".0f")
    return [None if cell is None else format(cell, spec) if is_number(cell) else str(cell) for cell in cells]


def _width_px(name: str, cells: list[Any]) -> int:
    longest_px = max(map(_text_px, (name, *(text or "" for text in _texts(cells)))))
    return min(_CELL_PX_MAX, _CELL_PADDING_PX + max(longest_px, _CHARACTER_PX))


def _text_px(text: str) -> int:
    thin = sum(character in _THIN for character in text)
    return _CHARACTER_PX * (len(text) - thin) + _THIN_PX * thin
