"""How far off an estimate is at a tenth, a quarter and half of a job, beside the average that tqdm shows.

Split by time: the later half of each task's runs, each told by nothing but those before it.
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp
from statistics import median

from headway.eta import Forecast, Past, RateMeter, Run, estimate
from tests.benchmarks.figure import Figure, against, at_most
from tests.benchmarks.record_runs import RUNS

AT = (0.10, 0.25, 0.50)
GOAL = 0.7
_SYNTHETIC_RUNS = 40
_SEED = 6


@dataclass(frozen=True)
class Seen:
    """A run as it was seen: (active seconds, fraction) of each frame, and its first total."""

    size: float | None
    points: Sequence[tuple[float, float | None]]

    @property
    def past(self) -> Run:
        """What history keeps of it: fractions in whole percents."""
        percents = [(at_s, None if fraction is None else int(fraction * 100) / 100) for at_s, fraction in self.points]
        return Run.of(percents, self.size, self.points[-1][0])


class TqdmAverage:
    """tqdm's remaining time: an exponential moving average of progress over one of time, with its smoothing of 0.3."""

    _SMOOTHING = 0.3
    _MIN_INTERVAL_S = 0.1

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None
        self._gained = self._took_s = 0.0

    def add(self, at_s: float, fraction: float) -> None:
        """Take a point; both averages have the same correction for their beginning, which the quotient loses."""
        if self._before is None:
            self._before = (at_s, fraction)
            return
        took_s, gained = at_s - self._before[0], fraction - self._before[1]
        if took_s >= self._MIN_INTERVAL_S and gained > 0:
            self._gained += self._SMOOTHING * (gained - self._gained)
            self._took_s += self._SMOOTHING * (took_s - self._took_s)
            self._before = (at_s, fraction)

    def left_s(self, fraction: float) -> float | None:
        """Seconds left; None before it has an average."""
        return (1 - fraction) * self._took_s / self._gained if self._gained else None


def errors(rounds: int) -> list[Figure]:
    """Medians over all runs, and over the recorded ones alone; `rounds` makes no difference."""
    recorded, synthetic = recorded_runs(), synthetic_runs()
    figures = []
    for prefix, tasks in (("eta", recorded | synthetic), ("eta-recorded", recorded)):
        told = [one for runs in tasks.values() for one in judged(runs)]
        for at in AT:
            ours, peer = zip(*(pair for mark, pair in told if mark == at), strict=True)
            figures.append(
                against(f"{prefix}-{at * 100:.0f}", "%", [100 * median(ours)], [100 * median(peer)], at_most(GOAL))
            )
    return figures


def judged(runs: Sequence[Seen]) -> list[tuple[float, tuple[float, float]]]:
    """For each of the later half of a task's runs and each of `AT`: how far off ours was and how far tqdm's."""
    told = []
    for i in range(len(runs) // 2, len(runs)):
        past = Past([run.past for run in runs[:i]])
        told += [(at, pair) for at in AT if (pair := _off(runs[i], past, at)) is not None]
    return told


def _off(run: Seen, past: Past, at: float) -> tuple[float, float] | None:
    """Errors as a share of the seconds that were left, 1 for none; None for a run that jumped over it to its end."""
    meter, tqdm, forecast = RateMeter(), TqdmAverage(), Forecast()
    forecast.past, begun = past, False
    for at_s, fraction in run.points:
        if fraction is None:
            continue
        meter.add(at_s, fraction)
        tqdm.add(at_s, fraction)
        if begun and fraction < at:
            continue
        begun = True
        current = estimate(fraction, 1.0, at_s, meter.rate(at_s))
        eta = forecast.eta(fraction, run.size, at_s, current)
        if fraction >= at:
            left_s = run.points[-1][0] - at_s
            if fraction >= 0.9:
                return None
            return _share(None if eta is None else eta.eta_s, left_s), _share(tqdm.left_s(fraction), left_s)
    return None


def _share(said_s: float | None, left_s: float) -> float:
    return 1.0 if said_s is None else abs(said_s - left_s) / left_s


def recorded_runs() -> dict[str, list[Seen]]:
    """The example tasks' runs, by task, in the order in which they ran."""
    tasks: dict[str, list[Seen]] = {}
    for line in RUNS.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        tasks.setdefault(run["task"], []).append(Seen(run["size"], [(at_s, part) for at_s, part in run["points"]]))
    return tasks


def synthetic_runs() -> dict[str, list[Seen]]:
    """Uneven tasks of 50 to 400 steps whose speed differs by 15 % from run to run, by what is uneven about them."""
    dice = random.Random(_SEED)
    kinds: dict[str, Callable[[int], Seen]] = {
        "slowing": lambda run: _run(dice, lambda x: 0.2 + 2 * x * x),
        "quickening": lambda run: _run(dice, lambda x: 3 * (1 - x) ** 2 + 0.1),
        "phases": lambda run: _run(dice, lambda x: 0.2 if x < 0.3 else 2.0 if x < 0.6 else 0.6),
        "heavy-tailed": lambda run: _run(dice, lambda x: 1.0, noise=1.5),
        "slower by the run": lambda run: _run(dice, lambda x: 0.5 + x, speed=1.03**run),
        "long preparation": lambda run: _run(dice, lambda x: 3.0 if x > 0.8 else 1.0, setup_s=8.0),
        "each its own way": lambda run: _tilted(dice),
        "suddenly slower": lambda run: _run(dice, lambda x: 0.5 + x, speed=3.0 if run >= 30 else 1.0),
        "fast or slow": lambda run: _run(dice, lambda x: 1.0, speed=dice.choice([1.0, 3.0])),
    }
    return {kind: [make(run) for run in range(_SYNTHETIC_RUNS)] for kind, make in kinds.items()}


def _tilted(dice: random.Random) -> Seen:
    tilt = dice.uniform(-2, 2)
    return _run(dice, lambda x: exp(tilt * (x - 0.5)))


def _run(
    dice: random.Random, step: Callable[[float], float], *, noise: float = 0.3, speed: float = 1.0, setup_s: float = 0.1
) -> Seen:
    steps = dice.randint(50, 400)
    mean_s = 0.1 * speed * dice.lognormvariate(0, 0.15)
    at_s = shown_s = setup_s * dice.lognormvariate(0, 0.1)
    points: list[tuple[float, float | None]] = [(0.0, None), (at_s, 0.0)]
    for i in range(steps):
        at_s += mean_s * step(i / steps) * dice.lognormvariate(-noise * noise / 2, noise)
        if at_s - shown_s >= 0.1 or i == steps - 1:
            points.append((at_s, (i + 1) / steps))
            shown_s = at_s
    return Seen(float(steps), points)


def _by_kind(tasks: dict[str, list[Seen]]) -> Iterable[str]:
    for kind, runs in tasks.items():
        told = judged(runs)
        parts = []
        for at in AT:
            pairs = [pair for mark, pair in told if mark == at]
            ours, peer = (100 * median(side) for side in zip(*pairs, strict=True))
            parts.append(f"at {at:.0%}: ours {ours:5.1f} %, tqdm {peer:5.1f} %")
        yield f"{kind:18} {'   '.join(parts)}"


if __name__ == "__main__":
    print("\n".join(_by_kind(recorded_runs() | synthetic_runs())))
