"""Which numbers of the stream's counter are recorded, so that what is missing between them can be counted."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers `low` to `high`, and the places in the stream where they begin and end."""

    epoch: int
    low: int
    high: int
    first_entry: str
    last_entry: str


def extend(spans: Iterable[Span], numbers: Iterable[tuple[int, str]]) -> list[Span]:
    """The spans with further numbers in them.

    A number that is not higher than an earlier entry's comes from a counter that began again: its epoch is the next.

    Args:
        numbers: of each entry its number and its place in the stream, in any order, repeats included.
    """
    merged = list(spans)
    for low, high, first_entry, last_entry in _runs(numbers):
        merged = _merged([*merged, Span(_epoch(merged, low, first_entry), low, high, first_entry, last_entry)])
    return merged


def missing(spans: Iterable[Span], first_in_stream: int | None) -> int:
    """How many numbers were given and can no longer be recorded.

    Args:
        first_in_stream: the lowest number that is still in the stream, None for an empty one. What misses from there on
            may be on its way.
    """
    ordered = sorted(spans, key=lambda span: (span.epoch, span.low))
    count = 0
    for i, span in enumerate(ordered):
        is_last_epoch = span.epoch == ordered[-1].epoch
        before = ordered[i - 1] if i and ordered[i - 1].epoch == span.epoch else None
        # Where a later epoch begins is not known: its counter may have come back older instead of empty.
        start = before.high + 1 if before else (1 if span.epoch == 1 else span.low)
        end = min(span.low, first_in_stream) if is_last_epoch and first_in_stream is not None else span.low
        count += max(0, end - start)
    if ordered and first_in_stream is not None:
        count += max(0, first_in_stream - ordered[-1].high - 1)
    return count


def _epoch(spans: list[Span], low: int, first_entry: str) -> int:
    if not spans:
        return 1
    latest = max(span.epoch for span in spans)
    own = [span for span in spans if span.epoch == latest]
    if first_entry > max(span.last_entry for span in own) and low <= max(span.high for span in own):
        return latest + 1
    begun = [span.epoch for span in spans if span.first_entry <= first_entry]
    return max(begun, default=1)


def _runs(numbers: Iterable[tuple[int, str]]) -> list[tuple[int, int, str, str]]:
    """Stretches of consecutive numbers in consecutive places."""
    runs: list[tuple[int, int, str, str]] = []
    for n, entry in sorted(numbers, key=lambda number: number[1]):
        if runs and runs[-1][1] + 1 == n:
            low, _, first_entry, _ = runs[-1]
            runs[-1] = (low, n, first_entry, entry)
        elif not runs or runs[-1][1] != n:
            runs.append((n, n, entry, entry))
    return runs


def _merged(spans: list[Span]) -> list[Span]:
    ordered = sorted(spans, key=lambda span: (span.epoch, span.low))
    merged = ordered[:1]
    for span in ordered[1:]:
        last = merged[-1]
        if span.epoch == last.epoch and span.low <= last.high + 1:
            merged[-1] = Span(
                last.epoch,
                last.low,
                max(last.high, span.high),
                min(last.first_entry, span.first_entry),
                max(last.last_entry, span.last_entry),
            )
        else:
            merged.append(span)
    return merged
