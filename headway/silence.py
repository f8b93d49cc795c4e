"""How long something has said nothing new, measured by whoever looks."""

import time
from collections.abc import Callable, Mapping

#: So many looks may be missed until nothing is said of the time in between.
_LOOKS_MISSED = 2


class Silences:
    """Seconds for which each of several things has said the same, on one's own monotonic clock
    and from one's own first look.

    Whoever did not look for more than two looks (it was stopped, or the machine slept, or Redis was away) does not know
    what was said meanwhile, and begins afresh.
    """

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._looked_s = 0.0
        self._since: dict[str, tuple[str, float]] = {}

    def afresh(self) -> None:
        """Know of nothing that was before now."""
        self._since = {}

    def forget(self, name: str) -> None:
        """Begin afresh with one of them."""
        self._since.pop(name, None)

    def look(self, said: Mapping[str, str]) -> dict[str, float]:
        """Take what each says now, and return how long it has said that; what is not in `said` is forgotten."""
        now_s = self._clock()
        if now_s - self._looked_s > _LOOKS_MISSED * self._every_s:
            self.afresh()
        self._looked_s = now_s
        before, self._since = self._since, {}
        for name, text in said.items():
            known = before.get(name)
            self._since[name] = known if known is not None and known[0] == text else (text, now_s)
        return {name: now_s - since_s for name, (_, since_s) in self._since.items()}
