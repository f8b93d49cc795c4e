"""The command: run benchmarks, print a line a figure, and write the same as JSON."""

import argparse
import json
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.catalogue import BENCHMARKS, Benchmark, choose
from tests.benchmarks.figure import Figure, broken
from tests.servers import ROOT

#: Odd, so that a median is one of the values that were measured.
ROUNDS = 7


def main(arguments: Sequence[str], benchmarks: Sequence[Benchmark] = BENCHMARKS) -> int:
    """Run the benchmarks named, or all: 0 if every figure reaches its goal, 1 if one is short or could not be measured.

    Raises:
        SystemExit: with 2, a bad name or option.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="a benchmark or one of its figures; default: all")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="measured rounds of each (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / ".headway" / "bench.json", help="where the figures go")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        chosen = choose(options.names, benchmarks)
    except ValueError as error:
        parser.error(str(error))
    figures: list[Figure] = []
    for benchmark in chosen:
        for figure in _measure(benchmark, options.rounds):
            figures.append(figure)
            print(figure.line, flush=True)
        _write(figures, options.json)
    return 0 if all(figure.ok for figure in figures) else 1


def _measure(benchmark: Benchmark, rounds: int) -> Sequence[Figure]:
    try:
        figures = benchmark.measure(rounds)
    except Exception:  # one that breaks must not cost the others their figures
        traceback.print_exc()
        return [broken(name) for name in benchmark.names]
    if tuple(figure.name for figure in figures) != benchmark.names:
        raise ValueError(f"{benchmark.name} is to give {benchmark.names}, not {[one.name for one in figures]}")
    return figures


def _write(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")
