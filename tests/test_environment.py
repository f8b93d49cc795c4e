"""environment.yml, pyproject.toml and the lock say the same."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ALWAYS = {
    "streamlit",
    "streamlit-autorefresh",
    "jupyter",
    "ipywidgets",
    "redis",
    "rq",
    "fastapi",
    "uvicorn",
    "pandas",
    "plotly",
}


def parsed(lines: list[str]) -> dict[str, Requirement]:
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


@pytest.fixture(scope="module")
def project() -> dict[str, Requirement]:
    """What pyproject.toml lists, all extras included."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return parsed([*table["dependencies"], *chain.from_iterable(table["optional-dependencies"].values())])


@pytest.fixture(scope="module")
def conda() -> dict[str, object]:
    return yaml.safe_load((ROOT / "environment.yml").read_text())


@pytest.fixture(scope="module")
def conda_pip(conda: dict) -> dict[str, Requirement]:
    (lines,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    return parsed([line for line in lines if not line.startswith("-")])


def test_environment_yml_lists_what_pyproject_lists(project, conda_pip):
    assert {name: str(requirement) for name, requirement in conda_pip.items()} == {
        name: str(requirement) for name, requirement in project.items()
    }


def test_the_ten_packages_of_the_lesson_are_in_both(project, conda_pip):
    assert project.keys() >= ALWAYS
    assert conda_pip.keys() >= ALWAYS


def test_conda_brings_python_redis_and_pip(conda):
    assert conda["name"] == "headway"
    assert conda["channels"] == ["conda-forge"]
    entries = [entry for entry in conda["dependencies"] if isinstance(entry, str)]
    assert entries == ["python>=3.11,<3.14", "redis-server", "pip"]


def test_the_lock_pins_everything_within_its_range(project):
    lock = (ROOT / "requirements.lock").read_text()
    pins = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.M)}
    assert project.keys() <= pins.keys()
    assert [name for name, wanted in project.items() if not wanted.specifier.contains(pins[name])] == []


def test_no_file_names_a_package_index():
    index = re.compile(r"--(extra-)?index-url|--find-links|https?://[\w.-]*(pypi|pythonhosted|/simple)", re.I)
    files = [ROOT / name for name in ("requirements.lock", "pyproject.toml", "environment.yml", ".ci/run")]
    assert [file.name for file in files if index.search(file.read_text())] == []
