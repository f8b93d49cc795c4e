"""Summaries of a stream of values whose memory does not grow with it; each says whether it is still exact."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_HASH_SPAN = 2.0**64


class Sample:
    """A uniform random sample without replacement, for quantiles; everything, up to `capacity` values.

    Each value draws a random priority and the smallest stay ("bottom-k": Cohen and Kaplan, Summarizing data using
    bottom-k sketches, PODC 2007). The draws are in the order of the stream from a fixed seed, so the sample is the
    same however the stream is cut into chunks.
    """

    def __init__(self, capacity: int, seed: int = 0) -> None:
        self._capacity = capacity
        self._random = np.random.default_rng(seed)
        self._priorities = np.empty(0)
        self._values = np.empty(0, dtype=object)
        self._threshold = math.inf
        self.exact = True

    def add(self, values: npt.NDArray[np.object_]) -> None:
        """Take in `values`, shape (n,), in stream order."""
        priorities = self._random.random(len(values))
        chosen = priorities < self._threshold
        self._priorities = np.concatenate([self._priorities, priorities[chosen]])
        self._values = np.concatenate([self._values, values[chosen]])
        if len(self._values) > 2 * self._capacity:
            self._trim()

    def values(self) -> list[Any]:
        """The sample, in no order; at most `capacity` values."""
        if len(self._values) > self._capacity:
            self._trim()
        return list(self._values)

    def _trim(self) -> None:
        smallest = np.argpartition(self._priorities, self._capacity)[: self._capacity]
        self._priorities, self._values = self._priorities[smallest], self._values[smallest]
        self._threshold = float(self._priorities.max())
        self.exact = False


class Distinct:
    """How many different values there are: counted up to `capacity`, estimated beyond.

    Keeps the smallest hashes; the k-th smallest of n spread evenly over 0..1 lies near k/n (Bar-Yossef and others,
    Counting distinct elements in a data stream, RANDOM 2002). The relative error is about 1 / sqrt(capacity).
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._hashes: set[int] = set()
        self._threshold = _HASH_SPAN
        self.exact = True

    def add(self, values: Sequence[object]) -> None:
        """Take in `values`; two are the same if their texts are."""
        texts = np.array([str(value) for value in values], dtype=object)
        hashes = pd.util.hash_array(texts, categorize=False)
        self._hashes.update(value for value in hashes.tolist() if value < self._threshold)
        if len(self._hashes) > 2 * self._capacity:
            self._trim()

    def count(self) -> int:
        """The number of different values, exact while `exact` says so."""
        if len(self._hashes) > self._capacity:
            self._trim()
        if self.exact:
            return len(self._hashes)
        return round((self._capacity - 1) * _HASH_SPAN / self._threshold)

    def _trim(self) -> None:
        smallest = sorted(self._hashes)[: self._capacity]
        self._hashes = set(smallest)
        self._threshold = float(smallest[-1])
        self.exact = False


class Frequent:
    """The most frequent values with their counts: exact up to `capacity` different values, lower bounds beyond.

    Misra and Gries, Finding repeated elements, 1982, in the form that takes whole counts at once (Agarwal and others,
    Mergeable summaries, PODS 2012): when too many values are held, the count of the first one too many is taken off
    all. No count is short by more than `short_by`, at most 1 / (capacity + 1) of all values.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: dict[Any, int] = {}
        self.short_by = 0

    def add(self, counted: Iterable[tuple[Any, int]]) -> None:
        """Take in pairs of a value and how often it came."""
        counts = self._counts
        for value, count in counted:
            counts[value] = counts.get(value, 0) + count
        if len(counts) > self._capacity:
            self._trim()

    def top(self, limit: int) -> list[tuple[Any, int]]:
        """At most `limit` values and counts, the most frequent first; equals in the order of their texts."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))[:limit]

    def _trim(self) -> None:
        excess = sorted(self._counts.values(), reverse=True)[self._capacity]
        self._counts = {value: count - excess for value, count in self._counts.items() if count > excess}
        self.short_by += excess


def quantiles(values: Iterable[Any], shares: Sequence[float]) -> list[Any]:
    """For each share in 0..1 the smallest of `values` that at least this share of them does not exceed.

    Definition 1 of Hyndman and Fan, Sample quantiles in statistical packages, 1996: always one of the values, so it
    serves dates as well as numbers. None for each where there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        return [None] * len(shares)
    return [ordered[max(math.ceil(share * len(ordered)) - 1, 0)] for share in shares]
