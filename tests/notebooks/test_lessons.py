"""Every lesson runs as a whole against a real stack, and its exercises can tell right from wrong."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLUTION = re.compile(r"<summary>Solution</summary>\n\n```python\n(.*?)\n```", re.DOTALL)
WIDGET = "application/vnd.jupyter.widget-view+json"

pytestmark = pytest.mark.slow
lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def _learner(stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's kernel finds the stack as a notebook would: by the environment."""
    monkeypatch.setenv("HEADWAY_API_URL", stack.api_url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))


def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return NotebookClient(notebook, timeout=60, kernel_name="python3").execute()


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def said(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


@lessons
def test_a_lesson_as_the_learner_finds_it_runs_and_leaves_readable_output(lesson: Path) -> None:
    notebook = execute(nbformat.read(lesson, as_version=4))
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
    assert all(said(check).startswith("Not yet") for check in tagged(notebook, "check"))


@lessons
def test_a_lessons_checks_accept_its_solutions(lesson: Path) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    solutions = SOLUTION.findall("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))
    for exercise, solution in zip(tagged(notebook, "exercise"), solutions, strict=True):
        exercise.source = solution
    checks = tagged(execute(notebook), "check")
    assert [said(check) for check in checks] == ["Correct!\n"] * len(solutions)
