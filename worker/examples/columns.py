"""The profile of one column, taken in chunk by chunk in bounded memory."""

import math
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from worker.examples.sketches import Distinct, Frequent, Sample, quantiles

QUANTILES = {"5%": 0.05, "25%": 0.25, "50%": 0.5, "75%": 0.75, "95%": 0.95}

#: Two texts that agree in this many characters count as one, so that a cell of a megabyte costs no more than a word.
TEXT_MAX = 200
#: Values kept for one column at most, and for all columns of a table together.
KEPT_PER_COLUMN = 10_000
KEPT_PER_TABLE = 200_000

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_NUMERIC = frozenset({"integer", "number"})
_ORDERED = _NUMERIC | {"date", "datetime"}


def capacity(columns: int) -> int:
    """How many values each of `columns` may keep."""
    return max(1, min(KEPT_PER_COLUMN, KEPT_PER_TABLE // max(columns, 1)))


class Column:
    """One column's counts and sketches.

    Values that arrive as text, as a CSV's do, get their type from all of them: `integer`, `number`, `boolean`, else
    `text`; `empty` where there is none. NaN and infinity count as nulls.
    """

    def __init__(self, name: str, kept: int) -> None:
        self._name = name
        self._types: set[str] = set()
        self._count = self._nulls = 0
        self._sum = 0.0
        self._least: Any = None
        self._most: Any = None
        self._least_number: Any = None
        self._most_number: Any = None
        self._sample, self._distinct, self._frequent = Sample(kept), Distinct(kept), Frequent(kept)

    def add(self, array: pa.ChunkedArray, *, typed: bool) -> None:
        """Take in the next rows; not `typed` means that all values arrive as text."""
        kind = _kind(array.type)
        valid = _plain(array, kind)
        self._count += len(valid)
        self._nulls += len(array) - len(valid)
        if kind is None:
            self._types.add(str(array.type))
        elif len(valid):
            self._add_values(valid, kind if typed else None)

    def summary(self, top: int) -> dict[str, Any]:
        """One row of the profile; a figure that the column's type has not is None."""
        kind = self._type()
        numeric = kind in _NUMERIC
        least, most = (self._least_number, self._most_number) if numeric else (self._least, self._most)
        sample = self._sample.values() if kind in _ORDERED else []
        if numeric:
            sample = [_parsed(value) for value in sample]
        known = kind in _ORDERED or kind in {"text", "boolean"}
        return {
            "column": _clipped(self._name),
            "type": kind,
            "count": self._count,
            "nulls": self._nulls,
            "distinct": self._distinct.count() if known else None,
            "mean": self._sum / self._count if numeric else None,
            "min": least,
            **dict(zip(QUANTILES, quantiles(sample, list(QUANTILES.values())), strict=True)),
            "max": most,
            "top": self._shown_top(top),
            "estimated": ", ".join(self._estimated(kind)),
        }

    def _add_values(self, valid: pa.Array, kind: str | None) -> None:
        encoded = valid.dictionary_encode()
        values = [_clipped(value) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.to_numpy()
        counts = np.bincount(indices, minlength=len(values)).tolist()
        self._least = _smallest(self._least, values)
        self._most = _largest(self._most, values)
        if "text" not in self._types:
            self._add_types(values, counts, kind)
        self._distinct.add(values)
        self._frequent.add(zip(values, counts, strict=True))
        shared = np.empty(len(values), dtype=object)
        shared[:] = values
        self._sample.add(shared[indices])

    def _add_types(self, values: list[Any], counts: list[int], kind: str | None) -> None:
        parsed = [_parsed(value) for value in values]
        self._types |= {kind} if kind else set(map(_text_type, values, parsed))
        if not self._types <= _NUMERIC:
            return
        self._least_number = _smallest(self._least_number, parsed)
        self._most_number = _largest(self._most_number, parsed)
        self._sum += sum(number * count for number, count in zip(parsed, counts, strict=True) if number is not None)

    def _type(self) -> str:
        if not self._types:
            return "empty"
        if len(self._types) == 1:
            return next(iter(self._types))
        return "number" if self._types == _NUMERIC else "text"

    def _shown_top(self, top: int) -> str:
        bound = "≥ " if self._frequent.short_by else ""
        return ", ".join(f"{value}: {bound}{count}" for value, count in self._frequent.top(top))

    def _estimated(self, kind: str) -> list[str]:
        exact = {
            "distinct": self._distinct.exact,
            "quantiles": self._sample.exact or kind not in _ORDERED,
            "top": not self._frequent.short_by,
        }
        return [what for what, is_exact in exact.items() if not is_exact]


def _kind(kind: pa.DataType) -> str | None:
    """The word for an Arrow type, or None where only nulls are counted: lists, structs, bytes."""
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    tests = {
        "boolean": pa.types.is_boolean,
        "integer": pa.types.is_integer,
        "number": lambda some: pa.types.is_floating(some) or pa.types.is_decimal(some),
        "text": lambda some: pa.types.is_string(some) or pa.types.is_large_string(some),
        "date": pa.types.is_date,
        "datetime": pa.types.is_timestamp,
        "empty": pa.types.is_null,
    }
    return next((word for word, test in tests.items() if test(kind)), None)


def _plain(array: pa.ChunkedArray, kind: str | None) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if kind == "number":
        array = array.cast(pa.float64())
        array = array.filter(pc.is_finite(array))
    return pc.drop_null(array).combine_chunks()


def _text_type(value: str, number: int | float | None) -> str:
    if isinstance(number, int):
        return "integer"
    if number is not None:
        return "number"
    return "boolean" if value in _BOOLEANS else "text"


def _parsed(value: Any) -> int | float | None:
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else None
    if _INTEGER.fullmatch(value):
        return int(value)
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _clipped(value: Any) -> Any:
    return value[:TEXT_MAX] if isinstance(value, str) else value


def _smallest(known: Any, values: list[Any]) -> Any:
    return min(values) if known is None else min(known, *values)


def _largest(known: Any, values: list[Any]) -> Any:
    return max(values) if known is None else max(known, *values)
