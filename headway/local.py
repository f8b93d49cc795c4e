"""What the reporting functions draw outside a job: ordinary bars of tqdm's, in a terminal or a notebook."""

import atexit
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import Any, TypeVar

from headway import values
from headway.progress import DESC_MAX, UNIT_MAX
from headway.tqdm import tqdm

T = TypeVar("T")


class _Report(tqdm):
    """The bar that `report` moves: looked at with every call, so that it needs nobody to watch over it."""

    monitor_interval = 0


class Local:
    """One process' bars where there is no job."""

    def __init__(self) -> None:
        self._open: list[tqdm] = []
        self._said: tqdm | None = None

    def track(self, items: Iterable[T], desc: object, total: object, unit: object) -> Iterator[T]:
        """Yield `items` under a bar."""
        title, whole, unit_text = values.text(desc, DESC_MAX), values.total(total), values.text(unit, UNIT_MAX)
        # tqdm takes None for "as many as there are", and infinity for "nobody knows".
        with self._opened(
            tqdm(items, desc=title or None, total=inf if whole is None else whole, unit=unit_text)
        ) as bar:
            yield from bar

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A line with the name and how long it takes."""
        with self._opened(tqdm(desc=values.text(name, DESC_MAX), bar_format="{desc} {elapsed}{postfix}")):
            yield

    def report(self, percent: object, message: object, n: object, total: object, unit: object) -> None:
        """Move a bar of its own: n of total, or percent of 100."""
        bar = self._said_bar()
        if total is not None:
            bar.total = values.total(total)
        done = values.count(n)
        share = values.number(percent)
        if done is not None:
            bar.n = done
        elif share is not None:
            bar.n, bar.total = min(max(share, 0), 100), 100
        if unit is not None:
            bar.unit = values.text(unit, UNIT_MAX)
        if message is not None:
            bar.set_postfix_str(values.text(message, 200), refresh=False)
        bar.update(0)
        if bar.total is not None and bar.n >= bar.total:
            bar.close()
            self._said = None

    def metric(self, measured: Mapping[Any, object]) -> None:
        """Show the values beside the innermost bar."""
        bars = self._open or ([self._said] if self._said is not None else [])
        if bars:
            shown = {values.metric_name(name): _shown(value) for name, value in measured.items()}
            bars[-1].set_postfix(shown, refresh=False)

    def log(self, line: object) -> None:
        """Print a line above the bars."""
        tqdm.write(values.text(line, 4_000))

    @contextmanager
    def _opened(self, bar: tqdm) -> Iterator[tqdm]:
        self._open.append(bar)
        try:
            with bar:
                yield bar
        finally:
            self._open.remove(bar)

    def _said_bar(self) -> tqdm:
        if self._said is None:
            self._said = _Report(miniters=0)
        return self._said

    def close(self) -> None:
        """End what `report` has drawn."""
        if self._said is not None:
            self._said.close()


def _shown(value: object) -> object:
    finite = values.number(value)
    return values.text(value, UNIT_MAX) if finite is None else finite


LOCAL = Local()
atexit.register(LOCAL.close)
