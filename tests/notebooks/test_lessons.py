"""Every lesson runs as a whole against a real stack, and its exercises can tell right from wrong."""

import ast
import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fixtures import Stack
from tests.servers import inherited, worker_process

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
PITFALLS = NOTEBOOKS / "08_four_pitfalls.ipynb"
MAP = NOTEBOOKS / "README.md"
SOLUTION = re.compile(r"<summary>Solution</summary>\n\n```python\n(.*?)\n```", re.DOTALL)
WIDGET = "application/vnd.jupyter.widget-view+json"

#: How many kernels run at once; each lesson runs as it is and with its solutions.
KERNELS = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
Ran = dict[Path, "Future[nbformat.NotebookNode]"]


@dataclass(frozen=True)
class Runs:
    """Every lesson's run as the learner finds it, and with its solutions in the place of its exercises."""

    found: Ran
    solved: Ran


@pytest.fixture(scope="module")
def runs(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """All runs, several kernels at once, each of which finds the stack as a notebook would: by the environment."""
    env = inherited() | {
        "HEADWAY_API_URL": stack.api_url,
        "REDIS_URL": stack.redis_url,
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
        # As in JupyterLab, where a kernel finds what is in its notebook's folder.
        "PYTHONPATH": str(NOTEBOOKS),
    }

    def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
        # The blocking call would leave each thread an event loop that nobody closes.
        return asyncio.run(
            NotebookClient(notebook, timeout=120, startup_timeout=180, kernel_name="python3").async_execute(env=env)
        )

    with ExitStack() as stacked:
        for _ in range(KERNELS - 1):
            stacked.enter_context(worker_process(stack.redis_url))
        with ThreadPoolExecutor(KERNELS) as pool:
            yield Runs(
                {lesson: pool.submit(execute, nbformat.read(lesson, as_version=4)) for lesson in LESSONS},
                {lesson: pool.submit(execute, solved(lesson)) for lesson in LESSONS},
            )
            pool.shutdown(cancel_futures=True)


def solved(lesson: Path) -> nbformat.NotebookNode:
    """The lesson with its solutions in the place of its exercises."""
    notebook = nbformat.read(lesson, as_version=4)
    for exercise, solution in zip(tagged(notebook, "exercise"), solutions(notebook), strict=True):
        exercise.source = solution
    return notebook


def solutions(notebook: nbformat.NotebookNode) -> list[str]:
    return SOLUTION.findall("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def said(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def last_value(cell: nbformat.NotebookNode) -> str | None:
    """What the cell's last line came to; None where it showed nothing."""
    values = [out.data["text/plain"] for out in cell.get("outputs", []) if out.output_type == "execute_result"]
    return values[-1] if values else None


@lessons
def test_a_lesson_as_the_learner_finds_it_runs_and_leaves_readable_output(lesson: Path, runs: Runs) -> None:
    notebook = runs.found[lesson].result()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
    checks = tagged(notebook, "check")
    assert checks
    assert all(said(check).startswith("Not yet") for check in checks)


@lessons
def test_a_lessons_checks_accept_its_solutions(lesson: Path, runs: Runs) -> None:
    checks = tagged(runs.solved[lesson].result(), "check")
    assert [said(check) for check in checks] == ["Correct!\n"] * len(checks)


def test_the_four_pitfalls_show_in_what_the_lesson_measures(runs: Runs) -> None:
    shown = [answer for cell in runs.found[PITFALLS].result().cells if (answer := last_value(cell)) is not None]
    assert shown[:3] == ["True", "(False, True)", "True"]
    first_frames, asked, connections = map(ast.literal_eval, shown[3:])
    assert first_frames[0] is None
    assert first_frames[1] is not None
    assert asked[0] > 0
    assert asked[1] == 0
    assert connections == (5, 0)


@lessons
def test_a_lesson_is_kept_without_what_its_cells_said(lesson: Path) -> None:
    cells = [cell for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]
    assert not [cell.source for cell in cells if cell.outputs or cell.execution_count is not None]


def test_the_map_names_every_lesson_once_with_its_minutes_and_notes() -> None:
    rows = [line.strip("| \n").split(" | ") for line in MAP.read_text().splitlines() if line.startswith("| [")]
    assert [row[0] for row in rows] == [f"[{lesson.stem}]({lesson.name})" for lesson in LESSONS]
    assert all(len(row) == 4 and row[1] and row[2].isdecimal() and len(row[3]) > 20 for row in rows)
