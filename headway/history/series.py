"""What a job measured as series, thinned out so that a chart of one looks the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tsdownsample import NaNMinMaxLTTBDownsampler

from headway.history.entries import Row

# Its constructor has no types.
_Downsampler: Any = NaNMinMaxLTTBDownsampler

#: The fewest points that a series can be thinned out to.
POINTS_MIN = 3


@dataclass
class Series:
    """The values under one name, oldest first; `value` None is NaN or infinity.

    `count` is how many there were before it was thinned out, `dropped` how many did not fit between two writes.
    """

    name: str
    at: list[str] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    attempt: list[int] = field(default_factory=list)
    count: int = 0
    dropped: int = 0

    def thinned(self, points: int) -> "Series":
        """At most so many of its points, at least 3: the first, the last, and those that a chart's shape hangs on.

        Where values are missing (None), one of those is kept, so that a line shows the gap.
        Source: largest triangle, three buckets (Steinarsson, 2013), among each bucket's extremes.
        """
        if len(self.value) <= points:
            return self
        at = np.array([one.removesuffix("Z") for one in self.at], dtype="datetime64[ms]").astype(np.int64)
        # The clock of a worker may have gone back, and a retry runs on another one; only the order is sure.
        at = np.maximum.accumulate(at)
        values = np.array(self.value, dtype=np.float64)
        kept = _Downsampler().downsample(at, values, n_out=points).tolist()
        return Series(
            self.name,
            [self.at[i] for i in kept],
            [self.value[i] for i in kept],
            [self.attempt[i] for i in kept],
            self.count,
            self.dropped,
        )


def series(rows: Iterable[Row]) -> list[Series]:
    """Rows of `job_metrics` by name, in the order in which the names come."""
    found: dict[str, Series] = {}
    for row in rows:
        one = found.get(row["name"])
        if one is None:
            one = found[row["name"]] = Series(row["name"])
        one.at.append(row["at"])
        one.value.append(row["value"])
        one.attempt.append(row["attempt"])
        one.count += 1
        one.dropped += row["dropped"]
    return list(found.values())
