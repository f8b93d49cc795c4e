"""A job's result as strict JSON text, which JavaScript, Python and SQL read alike.

What JSON has no word for is carried so:

- NaN, infinity, NaT and pandas' NA: null.
- whole numbers beyond 2**53: text, since JavaScript would round them silently.
- Decimal: a number where a double's shortest text says the same (`1.10` is 1.1), else text, so that no digit is lost.
- datetime, date, time: ISO 8601, UTC as `Z`; one without a zone stays without. timedelta: seconds.
- Path, UUID, IP addresses, a pandas Period or Interval, pydantic's URLs and secrets: their text. Enum: its value.
- list, tuple, deque, range, a dict's views, numpy arrays: arrays; sets too, sorted where they can be.
- mappings, dataclasses, pydantic models: objects. A key that is no text becomes the text of its JSON.
- a pandas DataFrame, Series or Index: `{"type": "table", "columns": […], "rows": [[…]], "total_rows": N}` with the
  first 1,000 rows. Column names are unique, a MultiIndex's joined by dots; an index that does more than count the rows
  comes as leading columns.

Everything else is refused, bytes and functions among it.
"""

import dataclasses
import inspect
import json
import sys
from collections import deque
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, Set, Sized, ValuesView
from math import isfinite
from typing import Any

from headway.errors import NotEncodable
from headway.frames import FOREIGN, Table, lower
from headway.scalars import NO_SCALAR, scalar
from headway.values import EXACT_INT, cut, error_detail, replace_surrogates

#: Containers inside one another.
MAX_DEPTH = 200
#: Where encoding gives up, in bytes as it guesses them while it goes: 8 a value, 1 a character.
MAX_BYTES = 64 * 1024 * 1024

_VALUE_BYTES = 8


def encode_result(value: object, *, name: str = "result") -> str:
    """The JSON text of `value`, on one line; `name` begins the path in an error's sentence.

    Raises:
        NotEncodable: a part cannot be carried, such as "result.rows[3].fn: a function cannot be carried as JSON".
    """
    encoder = _Encoder(name)
    try:
        plain = encoder.plain(value)
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
    except NotEncodable:
        raise
    except RecursionError:
        raise NotEncodable(f"{name}: nested too deep for what is left of the stack") from None
    except Exception as error:  # the value's own methods run here, and may raise anything
        said = error_detail(error, 500)
        raise NotEncodable(f"{encoder.where()}: reading it raised {type(error).__name__}: {said}") from error


def size_bytes(encoded: str) -> int:
    """How many bytes `encoded` is in UTF-8."""
    return len(encoded) if encoded.isascii() else len(encoded.encode())


class _Encoder:
    """One walk through a value. The path is left standing where the walk failed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str | int] = []
        self._open: set[int] = set()
        self._bytes = 0

    def where(self) -> str:
        shown = [_step(part) for part in self._path]
        if len(shown) > 12:
            shown = [*shown[:6], "…", *shown[-3:]]
        return self._name + "".join(shown)

    def plain(self, value: Any) -> Any:
        """`value` in what `json` writes itself: dict, list, str, int, float, bool, None."""
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -EXACT_INT <= value <= EXACT_INT else str(value)
        if kind is float:
            return value if isfinite(value) else None
        if kind is dict:
            return self._object(value, value.items())
        if kind is list:
            return self._array(value, value)
        return self._other(value)

    def _other(self, value: Any) -> Any:
        single = scalar(value)
        if single is not NO_SCALAR:
            return self.plain(single)
        if isinstance(value, bytes | bytearray | memoryview):
            raise self._refusal("bytes cannot be carried as JSON: decode them, or write a file and return its path")
        lowered = lower(value, self._afford_values)
        if isinstance(lowered, Table):
            return self._table(lowered)
        if lowered is not FOREIGN:
            return self.plain(lowered)
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, value.items())
        if isinstance(value, KeysView | ValuesView | ItemsView | Sequence | deque):
            return self._array(value, value)
        if isinstance(value, Set):
            return self._array(value, _sorted(value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            return self._object(value, [(name, getattr(value, name)) for name in names])
        pydantic: Any = sys.modules.get("pydantic")
        if pydantic is not None and isinstance(value, pydantic.BaseModel):
            return self.plain(value.model_dump(warnings=False))
        if type(value).__module__.partition(".")[0] == "pydantic" and not isinstance(value, type):
            return self._text(str(value))
        raise self._refusal(f"{_describe(value)} cannot be carried as JSON")

    def _text(self, value: str) -> str:
        self._spend(len(value))
        return replace_surrogates(value)

    def _array(self, owner: object, items: Iterable[Any]) -> list[Any]:
        self._enter(owner)
        path = self._path
        plain = []
        for place, item in enumerate(items):
            path.append(place)
            plain.append(self.plain(item))
            path.pop()
        self._open.remove(id(owner))
        return plain

    def _object(self, owner: object, items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        self._enter(owner)
        path = self._path
        plain: dict[str, Any] = {}
        for key, item in items:
            name = self._text(key) if type(key) is str else self._key(key)
            if name in plain:
                raise self._refusal(f"two of its keys would both be {json.dumps(cut(name, 80), ensure_ascii=False)}")
            path.append(name)
            plain[name] = self.plain(item)
            path.pop()
        self._open.remove(id(owner))
        return plain

    def _key(self, key: object) -> str:
        plain = self.plain(key)
        if isinstance(plain, dict | list):
            raise self._refusal(f"a key of type {type(key).__name__} cannot be carried as JSON: make it text")
        return plain if isinstance(plain, str) else json.dumps(plain)

    def _table(self, table: Table) -> dict[str, Any]:
        self._path.append("rows")
        records = self.plain(table.records)
        self._path.pop()
        rows = [list(record.values()) for record in records]
        columns = [replace_surrogates(name) for name in table.columns]
        return {"type": "table", "columns": columns, "rows": rows, "total_rows": table.total_rows}

    def _enter(self, owner: object) -> None:
        if id(owner) in self._open:
            raise self._refusal("it contains itself, which JSON cannot carry")
        if len(self._path) >= MAX_DEPTH:
            raise self._refusal(f"nested more than {MAX_DEPTH} deep")
        if isinstance(owner, Sized):
            self._spend(len(owner) * _VALUE_BYTES)
        self._open.add(id(owner))

    def _spend(self, some_bytes: int) -> None:
        self._afford(some_bytes)
        self._bytes += some_bytes

    def _afford_values(self, values: int) -> None:
        self._afford(values * _VALUE_BYTES)

    def _afford(self, more_bytes: int) -> None:
        if self._bytes + more_bytes > MAX_BYTES:
            raise self._refusal(f"the result grows beyond {MAX_BYTES >> 20} MB here: write a file and return its path")

    def _refusal(self, why: str) -> NotEncodable:
        return NotEncodable(f"{self.where()}: {why}")


def _sorted(items: Set[Any]) -> Iterable[Any]:
    try:
        return sorted(items)
    except TypeError:
        return items


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if part.isidentifier() and len(part) <= 80:
        return f".{part}"
    return f"[{json.dumps(cut(part, 80), ensure_ascii=False)}]"


def _describe(value: object) -> str:
    if inspect.isclass(value):
        return f"the class {value.__name__}"
    if inspect.isroutine(value):
        return "a function"
    if inspect.isgenerator(value):
        return "a generator"
    if inspect.iscoroutine(value) or inspect.isasyncgen(value):
        return "a coroutine"
    if isinstance(value, Iterator):
        return f"an iterator ({type(value).__name__})"
    return f"a value of type {type(value).__name__}"
