"""What a job measures: the latest value of each name for the snapshot, every point for the event."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from headway import values
from headway.values import Number

#: Names carried in a snapshot.
NAMES_MAX = 64
#: Points kept between two flushes; of more, the newest stay and the dropped are counted.
POINTS_MAX = 1_000

#: Milliseconds since 1970, name, value; None is NaN or infinity.
Point = tuple[int, str, Number | None]


class Metrics:
    """Points since the last flush, and the latest of each name. Any thread adds, one thread takes."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._latest: dict[str, Number | None] = {}
        self._points: deque[Point] = deque(maxlen=POINTS_MAX)
        self._dropped = 0
        self._lock = threading.RLock()
        self.count = 0

    def add(self, measured: Mapping[Any, object]) -> None:
        """Take one point of each name. Of more than 64 names those that came first are kept."""
        at_ms = time.time_ns() // 1_000_000
        points = [
            (at_ms, values.metric_name(name, self._complain), values.number(value, self._complain))
            for name, value in measured.items()
        ]
        self.extend(points)

    def extend(self, points: list[Point], dropped: int = 0) -> None:
        """Take points that were made elsewhere, where `dropped` more were lost."""
        with self._lock:
            self._dropped += dropped
            for point in points:
                _, name, value = point
                if name not in self._latest and len(self._latest) >= NAMES_MAX:
                    self._complain(f"of more than {NAMES_MAX} metrics the first {NAMES_MAX} are kept")
                    continue
                self._latest[name] = value
                self.count += 1
                if len(self._points) == POINTS_MAX:
                    self._dropped += 1
                self._points.append(point)

    @property
    def latest(self) -> dict[str, Number | None]:
        """The last value of each name."""
        with self._lock:
            return dict(self._latest)

    def take(self) -> tuple[list[Point], int]:
        """The points since the last call, oldest first, and how many more were dropped."""
        with self._lock:
            points, dropped = list(self._points), self._dropped
            self._points.clear()
            self._dropped = 0
        return points, dropped

    def put_back(self, points: list[Point], dropped: int) -> None:
        """Keep points that were taken and could not be written."""
        with self._lock:
            room = POINTS_MAX - len(self._points)
            kept = points[max(0, len(points) - room) :] if room else []
            self._points.extendleft(reversed(kept))
            self._dropped += dropped + len(points) - len(kept)


def as_extra(points: list[Point], dropped: int) -> str:
    """Points as an event carries them (JSON), empty where there are none."""
    if not points and not dropped:
        return ""
    return json.dumps({"points": points, "points_dropped": dropped}, ensure_ascii=False, separators=(",", ":"))
