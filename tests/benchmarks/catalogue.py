"""All benchmarks by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks import (
    deaths,
    delivery,
    eta,
    figures,
    idle,
    lag,
    noops,
    notebook,
    page,
    pause,
    printing,
    recorder,
    report,
    status,
    track,
    update,
)
from tests.benchmarks.figure import Figure


@dataclass(frozen=True)
class Benchmark:
    """Something to measure.

    `measure` takes the number of rounds and returns one figure for each of `figures`; `name` alone where that is empty.
    """

    name: str
    measure: Callable[[int], Sequence[Figure]]
    figures: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that it gives."""
        return self.figures or (self.name,)


BENCHMARKS = (
    Benchmark("track", track.flat),
    Benchmark("track-nested", track.nested),
    Benchmark("update", update.update),
    Benchmark("report", report.reports, ("report", "report-writes")),
    Benchmark("delivery", delivery.latency, ("delivery-p50", "delivery-p99")),
    Benchmark("fanout", delivery.one_job, ("fanout", "fanout-p99")),
    Benchmark("fanout-many", delivery.many_jobs, ("fanout-many", "fanout-many-p99")),
    Benchmark("socket-memory", idle.memory),
    Benchmark("page", page.busy_page, ("page-cpu", "page-longest")),
    Benchmark("pause", pause.pauses, ("pause", "pause-signal")),
    Benchmark("deaths", deaths.deaths, ("horse-death", "host-death")),
    Benchmark("noops", noops.noops),
    Benchmark("printing", printing.printing),
    Benchmark("notebook", notebook.bars, ("notebook", "notebook-connections")),
    Benchmark("status", status.polls, ("status", "status-304")),
    Benchmark(
        "eta",
        eta.errors,
        ("eta-10", "eta-25", "eta-50", "eta-recorded-10", "eta-recorded-25", "eta-recorded-50"),
    ),
    Benchmark(
        "figures",
        figures.lists_and_figures,
        tuple(f"{name}{on}" for on in ("", "-pg") for name in ("list", "list-filtered", "figures", "all-time")),
    ),
    Benchmark("recorder", recorder.recorders, ("recorder", "recorder-sqlite", "recorder-pg")),
    Benchmark("recorder-lag", lag.lags, ("recorder-lag", "recorder-lag-pg")),
)


def choose(names: Sequence[str], benchmarks: Sequence[Benchmark] = BENCHMARKS) -> list[Benchmark]:
    """The benchmarks called by these names, or giving these figures, in the catalogue's order; all for no name.

    Raises:
        ValueError: there is none of a name; says which there are.
    """
    known = {name for benchmark in benchmarks for name in (benchmark.name, *benchmark.names)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    return [one for one in benchmarks if not names or {one.name, *one.names} & set(names)]
