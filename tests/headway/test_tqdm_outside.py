"""tqdm's public behaviour outside a job: ordinary bars, no Redis, nothing left behind."""

import subprocess
import sys

import pytest


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in which every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=30, check=True
    )


def test_a_bar_is_drawn_on_stderr_without_a_warning() -> None:
    done = run("from headway.tqdm import trange\nprint(sum(trange(4, desc='rows')))")
    assert done.stdout == "6\n"
    assert "rows: 100%" in done.stderr
    assert "4/4" in done.stderr
    assert "Warning" not in done.stderr


def test_no_thread_is_left_after_the_last_bar() -> None:
    done = run(
        "import threading\n"
        "from headway.tqdm import tqdm\n"
        "outer = tqdm(total=2)\n"
        "list(tqdm(range(3)))\n"
        "print(threading.active_count())\n"
        "outer.close()\n"
        "print(threading.active_count())\n"
    )
    assert done.stdout.split() == ["2", "1"]


def test_the_reporting_functions_draw_and_return_as_always() -> None:
    done = run(
        "import sys, threading\n"
        "from headway import log, metric, phase, report, track\n"
        "with phase('load'):\n"
        "    print(list(track(range(3), desc='rows')))\n"
        "metric(loss=0.5)\n"
        "log('a line')\n"
        "print(report(percent=50, message='half'))\n"
        "report(percent=100)\n"
        "print(threading.active_count())\n"
    )
    assert "[0, 1, 2]\n" in done.stdout
    assert "a line\n" in done.stdout
    assert done.stdout.endswith("None\n1\n")
    assert "load" in done.stderr
    assert "rows: 100%" in done.stderr
    assert "half" in done.stderr


def test_no_value_breaks_what_would_not_break_a_job() -> None:
    done = run(
        "import numpy\n"
        "from headway import log, metric, phase, report, track\n"
        "class Mute:\n"
        "    def __str__(self): raise RuntimeError\n"
        "for value in (None, float('nan'), -1, 10**400, 'x\\ud800', b'x', Mute(), numpy.array([1, 2])):\n"
        "    report(percent=value, message=value, n=value, total=value, unit=value)\n"
        "    with phase(value, weight=value, of=value):\n"
        "        for _ in track(range(2), desc=value, total=value, unit=value, weight=value):\n"
        "            metric(loss=value)\n"
        "    log(value)\n"
        "metric(5)\n"
        "print('went on', next(track(range(10**30))))\n"
    )
    assert done.stdout.endswith("went on 0\n")


@pytest.mark.parametrize("function", ["thread_map", "process_map"])
def test_a_map_over_a_pool_draws_one_bar_and_returns_in_order(function: str) -> None:
    done = run(f"from headway.tqdm import {function}\nprint({function}(abs, [-1, -2, -3], max_workers=2))")
    assert done.stdout == "[1, 2, 3]\n"
    assert "3/3" in done.stderr


def test_capture_changes_nothing_outside_a_job() -> None:
    done = run(
        "from tqdm import tqdm\n"
        "from headway.tqdm import capture\n"
        "with capture():\n"
        "    list(tqdm(range(2), desc='theirs'))\n"
        "bar = tqdm(range(1))\n"
        "print(type(bar).__mro__[0].__name__, list(bar))\n"
    )
    assert "theirs: 100%" in done.stderr
    assert done.stdout == "tqdm [0]\n"
