"""When one attempt will be done, by its own rate and by what past runs of its task say."""

from headway.eta.estimate import Eta
from headway.eta.past import Past


class Forecast:
    """Remembers of an attempt what `Past` has to be told. `past` is None while nothing is known of earlier runs."""

    def __init__(self) -> None:
        self.past: Past | None = None
        self._size: float | None = None
        self._since: tuple[float, float] | None = None

    def eta(self, fraction: float | None, total: float | None, active_s: float, current: Eta | None) -> Eta | None:
        """When it will be done; None is "estimating".

        Args:
            fraction: how far it is; None while that is unknown.
            total: what it counts up to.
            current: what its own rate says.
        """
        if self._size is None:
            self._size = total
        if fraction is not None and self._since is None:
            # Whatever is done by then took it no time that counts: it prepared itself, or goes on from a checkpoint.
            self._since = (active_s, fraction)
        if self.past is None or fraction == 1:
            return current
        if fraction is None or self._since is None:
            return current or self.past.before(active_s, self._size)
        return self.past.after(fraction, active_s, self._size, current, self._since)
