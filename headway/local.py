"""What the reporting functions draw outside a job: ordinary bars of tqdm's, in a terminal or a notebook."""

import atexit
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from headway import values
from headway.tqdm import tqdm
from headway.values import Number

T = TypeVar("T")


class _Report(tqdm):
    """The bar that `report` moves: looked at with every call, so that it needs nobody to watch over it."""

    monitor_interval = 0


class Local:
    """One process' bars where there is no job."""

    def __init__(self) -> None:
        self._open: list[tqdm] = []
        self._said: tqdm | None = None

    def track(self, items: Iterable[T], desc: str, total: Number | None, unit: str) -> Iterator[T]:
        """Yield `items` under a bar."""
        with self._opened(tqdm(items, desc=desc or None, total=total, unit=unit)) as bar:
            yield from bar

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A line with the name and how long it takes."""
        with self._opened(tqdm(desc=str(name), bar_format="{desc} {elapsed}{postfix}")):
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
            bar.unit = values.text(unit, 40)
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
            shown = {str(name): value for name, value in measured.items()}
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


LOCAL = Local()
atexit.register(LOCAL.close)
