"""A job's result, drawn by its shape: a table, a number, a text, a link, or JSON."""

from typing import Any

import streamlit as st
from plain_text import plain
from result_table import draw_table, is_number
from session import client

from headway.snapshot import Snapshot

Path = tuple[str, ...]

# More would make the page a list of tables; the rest is in the JSON below them.
_TABLES_MAX = 12


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


def _draw_parts(result: Any) -> None:
    tables, rest = split_tables(result)
    if isinstance(rest, dict) and tables:
        numbers = {key: value for key, value in rest.items() if is_number(value)}
        _draw_numbers(numbers)
        rest = {key: value for key, value in rest.items() if key not in numbers}
    for place, table in tables[:_TABLES_MAX]:
        if place:
            st.markdown(f"**{plain(' › '.join(place))}**")
        draw_table(table)
    if len(tables) > _TABLES_MAX:
        st.caption(f"{len(tables) - _TABLES_MAX} more tables are in the raw snapshot.")
    if rest or not tables:
        st.json(rest if tables else result, expanded=2)


def _draw_numbers(numbers: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        for key, value in numbers.items():
            st.metric(plain(key), plain(f"{value:,.10g}"), width="content")


def _draw_link(result: dict[str, Any]) -> None:
    size_mib = result["bytes"] / 1024**2 if is_number(result["bytes"]) else 0
    st.link_button(f"Open the result ({size_mib:.1f} MiB)", client().url + result["href"], icon=":material/download:")
