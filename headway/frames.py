"""numpy's and pandas' values in Python's own words; neither is imported, since a job without them has none."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: Rows of a table that are carried.
MAX_ROWS = 1_000

#: What `lower` answers for a value that neither numpy nor pandas made.
FOREIGN = object()


@dataclass(frozen=True, slots=True)
class Table:
    """The head of a table: unique column names, one record a row, and how many rows there were."""

    columns: list[str]
    records: list[dict[str, object]]
    total_rows: int


def lower(value: object, afford: Callable[[int], None]) -> object:
    """`value` as lists, single values or a `Table`, whose elements may be for `lower` again; `FOREIGN` if not theirs.

    `afford` is asked with a number of values before that many are made, and raises where they are too many.
    """
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            afford(value.size)
            return _array(value)
        if isinstance(value, numpy.generic):
            return _numpy_scalar(numpy, value)
    pandas: Any = sys.modules.get("pandas")
    if pandas is not None:
        if isinstance(value, pandas.DataFrame | pandas.Series | pandas.Index):
            return _table(pandas, value, afford)
        if isinstance(value, pandas.api.extensions.ExtensionArray):
            afford(len(value))
            return list(value)
        if isinstance(value, pandas.Period | pandas.Interval):
            return str(value)
        if value is pandas.NA:
            return None
    return FOREIGN


def _array(value: Any) -> object:
    # tolist() turns nanoseconds into bare integers, and leaves complex and long double as they are.
    if value.dtype.kind in "biuOU" or (value.dtype.kind == "f" and value.dtype.itemsize <= 8):
        return value.tolist()
    return list(value) if value.ndim else value[()]


def _numpy_scalar(numpy: Any, value: Any) -> object:
    kind = value.dtype.kind
    if kind in "mM" and numpy.isnat(value):
        return None
    if kind == "M":
        return str(value)
    if kind == "m":
        return float(value / numpy.timedelta64(1, "s"))
    return float(value) if kind == "f" else value.item()


def _table(pandas: Any, value: Any, afford: Callable[[int], None]) -> Table:
    index = value if isinstance(value, pandas.Index) else value.index
    wide = len(value.columns) if isinstance(value, pandas.DataFrame) else 1
    afford(min(len(value), MAX_ROWS) * (wide + index.nlevels))
    head = value[:MAX_ROWS] if value is index else value.iloc[:MAX_ROWS]
    columns: list[tuple[object, list[object]]] = []
    if value is index or not _counts_rows(pandas, index):
        columns += _index_columns(index[:MAX_ROWS], "value" if value is index else "index")
    if isinstance(value, pandas.DataFrame):
        columns += [(label, head.iloc[:, place].tolist()) for place, label in enumerate(value.columns)]
    elif isinstance(value, pandas.Series):
        columns.append(("value" if value.name is None else value.name, head.tolist()))
    names = _unique(_label(label) for label, _ in columns)
    rows = zip(*(cells for _, cells in columns), strict=True)
    return Table(names, [dict(zip(names, row, strict=True)) for row in rows], len(value))


def _counts_rows(pandas: Any, index: Any) -> bool:
    return isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1 and index.name is None


def _index_columns(index: Any, unnamed: str) -> list[tuple[object, list[object]]]:
    if index.nlevels == 1:
        return [(unnamed if index.name is None else index.name, index.tolist())]
    return [
        (f"level_{level}" if name is None else name, index.get_level_values(level).tolist())
        for level, name in enumerate(index.names)
    ]


def _label(label: object) -> str:
    if isinstance(label, tuple):
        return ".".join(part for part in map(str, label) if part)
    return str(label)


def _unique(names: Iterable[str]) -> list[str]:
    taken: dict[str, None] = {}
    for name in names:
        candidate, copy = name, 1
        while candidate in taken:
            copy += 1
            candidate = f"{name} ({copy})"
        taken[candidate] = None
    return list(taken)
