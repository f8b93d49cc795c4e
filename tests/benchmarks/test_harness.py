"""The harness around the benchmarks: what it prints, writes and refuses, whatever the figures are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tqdm.std import EMA

from tests.benchmarks import command, delivery, eta, status
from tests.benchmarks.catalogue import BENCHMARKS, Benchmark, choose
from tests.benchmarks.child import in_child
from tests.benchmarks.figure import Figure, absolute, against, at_least, at_most
from tests.benchmarks.rounds import side_by_side
from tests.servers import ROOT, api_server, inherited


def tiny(rounds: int) -> list[Figure]:
    return [
        against("tiny-speed", "us", [1.0] * rounds, [4.0] * rounds, at_most(0.5)),
        absolute("tiny-rate", "/s", [7.0] * rounds, at_least(10)),
    ]


def broken(rounds: int) -> list[Figure]:
    raise OSError("no such machine")


TINY = Benchmark("tiny", tiny, ("tiny-speed", "tiny-rate"))
BROKEN = Benchmark("broken", broken)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=inherited(), capture_output=True, text=True, timeout=50)


def test_the_command_measures_the_one_that_is_asked_for_and_writes_what_it_prints(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    done = run("update", "--rounds", "1", "--json", str(path))
    (figure,) = json.loads(path.read_text())
    assert list(figure) == ["name", "unit", "ours", "peer", "ratio", "goal", "ok"]
    assert (figure["name"], figure["unit"], figure["goal"]) == ("update", "us/update", "<= 0.8")
    assert figure["ours"] / figure["peer"] == pytest.approx(figure["ratio"])
    (line,) = done.stdout.splitlines()
    assert line.startswith("update ")
    assert line.endswith("ok" if figure["ok"] else "short")
    assert done.returncode == (0 if figure["ok"] else 1), done.stderr


def test_a_name_that_nobody_has_is_refused_with_those_there_are() -> None:
    done = run("nonsense")
    assert done.returncode == 2
    assert "no benchmark is called nonsense; there are: " in done.stderr
    assert all(name in done.stderr for one in BENCHMARKS for name in one.names)


def test_a_figure_that_is_short_makes_the_exit_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep" / "bench.json"
    assert command.main(["--rounds", "3", "--json", str(path)], [TINY]) == 1
    speed, rate = capsys.readouterr().out.splitlines()
    assert " ".join(speed.split()) == "tiny-speed ours 1 us peer 4 us ratio 0.25 goal <= 0.5 ok"
    assert " ".join(rate.split()) == "tiny-rate ours 7 /s peer - ratio - goal >= 10 short"
    assert [one["ok"] for one in json.loads(path.read_text())] == [True, False]


def test_a_benchmark_that_breaks_is_short_and_costs_the_others_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert command.main(["--json", str(path)], [BROKEN, TINY]) == 1
    figures = json.loads(path.read_text())
    assert [(one["name"], one["ours"], one["ok"]) for one in figures] == [
        ("broken", None, False), ("tiny-speed", 1.0, True), ("tiny-rate", 7.0, False),
    ]  # fmt: skip


def test_a_figures_name_chooses_the_benchmark_that_gives_it() -> None:
    assert choose(["tiny-rate"], [BROKEN, TINY]) == [TINY]
    assert choose([], [BROKEN, TINY]) == [BROKEN, TINY]


def test_a_slow_stretch_of_the_machine_moves_both_values_and_not_the_ratio() -> None:
    figure = against("a", "s", [1, 10, 1, 1, 10], [2, 20, 2, 2, 20], at_most(0.5))
    assert (figure.ours, figure.peer, figure.ratio, figure.ok) == (1, 2, 0.5, True)


def test_the_sides_take_turns_and_either_begins() -> None:
    turns: list[str] = []

    def side(name: str) -> dict[str, float]:
        turns.append(name)
        return {"turn": len(turns)}

    rounds = side_by_side(lambda: side("a"), lambda: side("b"), 3)
    assert "".join(turns) == "ababbaab"
    assert rounds.of("turn") == ([3, 6, 7], [4, 5, 8])


def test_a_crowd_counts_every_frame_of_both_sides(redis_url: str) -> None:
    load = delivery.Load(jobs=2, clients_each=3, per_s=20, seconds=0.5)
    with delivery.headway(redis_url) as ours, delivery.bare(redis_url) as peer:
        measured = [delivery.run(redis_url, server, load) for server in (ours, peer)]

    # Intermediate states may be skipped, by either side, and the last one never.
    assert all(6 <= one["frames"] <= 60 for one in measured)
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in measured)


def test_a_poller_counts_answers(redis_url: str, tmp_path: Path) -> None:
    with api_server(redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as api:
        port = int(api.url.rpartition(":")[2])
        assert status.requests_per_s(port, "/healthz", "Accept: */*") > 10


def test_estimates_are_at_least_as_good_as_promised() -> None:
    figures = eta.errors(1)
    assert [figure.name for figure in figures if not figure.ok] == []
    assert all(0 < (figure.ours or 0) < (figure.peer or 0) for figure in figures)


def test_the_peer_of_an_estimate_is_tqdms_own_average() -> None:
    ours, theirs_n, theirs_s = eta.TqdmAverage(), EMA(smoothing=0.3), EMA(smoothing=0.3)
    at_s = n = 0.0
    ours.add(at_s, n)
    for took_s, gained in ((0.2, 0.1), (0.5, 0.05), (0.2, 0.2), (0.3, 0.01)):
        at_s, n = at_s + took_s, n + gained
        ours.add(at_s, n)
        rate = theirs_n(gained) / theirs_s(took_s)
        assert ours.left_s(n) == pytest.approx((1 - n) / rate)


def noisy_pid(word: str) -> list[object]:
    print("this is no answer")
    return [os.getpid(), word]


def failing() -> None:
    raise ValueError("on purpose")


def test_a_child_answers_from_another_process_whatever_it_prints() -> None:
    pid, word = in_child(noisy_pid, word="é")
    assert (pid != os.getpid(), word) == (True, "é")


def test_a_child_that_raises_is_an_error_here() -> None:
    with pytest.raises(RuntimeError, match="failing ended with status 1"):
        in_child(failing)
