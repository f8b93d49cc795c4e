"""Measuring two sides under the same conditions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: What one side measured in one round, by the name of the figure.
Measured = Mapping[str, float]


@dataclass(frozen=True)
class Rounds:
    """What both sides measured, in order: two values of one round are neighbours in time."""

    ours: Sequence[Measured]
    peer: Sequence[Measured]

    def of(self, name: str) -> tuple[list[float], list[float]]:
        """Ours and the peer's values under one name."""
        return [measured[name] for measured in self.ours], [measured[name] for measured in self.peer]


def side_by_side(ours: Callable[[], Measured], peer: Callable[[], Measured], rounds: int) -> Rounds:
    """Let both sides measure in turn, after one round that does not count.

    The side that begins changes from round to round, so that neither always inherits the other's warm caches.
    """
    ours(), peer()
    measured_ours: list[Measured] = []
    measured_peer: list[Measured] = []
    for number in range(rounds):
        if number % 2 == 0:
            measured_ours.append(ours())
            measured_peer.append(peer())
        else:
            measured_peer.append(peer())
            measured_ours.append(ours())
    return Rounds(measured_ours, measured_peer)


def alone(ours: Callable[[], Measured], rounds: int) -> dict[str, list[float]]:
    """Measure what has no peer, after one round that does not count: the values by the name of the figure."""
    ours()
    measured = [ours() for _ in range(rounds)]
    return {name: [one[name] for one in measured] for name in measured[0]}
