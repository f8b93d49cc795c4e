"""File parameters: only what lies under the open folders, or was uploaded, is ever opened."""

import os
from pathlib import Path

import pytest

from headway.errors import PathNotAllowed
from headway.files import resolve
from headway.settings import Settings

FILE_ID = "0123456789abcdef" * 2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An open folder with a file and a sub-folder, beside a secret that is not in it."""
    (tmp_path / "open" / "sub").mkdir(parents=True)
    (tmp_path / "open" / "table.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return tmp_path / "open"


@pytest.fixture
def settings(root: Path) -> Settings:
    return Settings(data_roots=(root,), data_dir=root.parent / "data")


def test_a_path_under_a_root_is_resolved(root: Path, settings: Settings) -> None:
    assert resolve(str(root / "sub" / ".." / "table.csv"), settings) == (root / "table.csv").resolve()


def test_a_relative_path_is_looked_for_in_each_root(root: Path, settings: Settings) -> None:
    both = settings.model_copy(update={"data_roots": (root / "sub", root)})
    assert resolve("table.csv", both) == root / "table.csv"


def test_a_root_that_is_itself_a_link_is_followed(root: Path, settings: Settings) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    linked = settings.model_copy(update={"data_roots": (link,)})
    assert resolve(str(link / "table.csv"), linked) == root / "table.csv"


@pytest.mark.parametrize(
    "value",
    ["../secret.csv", "{root}/../secret.csv", "/etc/passwd", "sub/../../secret.csv", "link.csv", "up/secret.csv"],
)
def test_no_way_leads_out_of_the_roots(root: Path, settings: Settings, value: str) -> None:
    (root / "link.csv").symlink_to(root.parent / "secret.csv")
    (root / "up").symlink_to(root.parent)
    with pytest.raises(PathNotAllowed, match="not under a folder of HEADWAY_DATA_ROOTS"):
        resolve(value.format(root=root), settings)


def test_outside_the_roots_nobody_learns_what_exists(root: Path, settings: Settings) -> None:
    with pytest.raises(PathNotAllowed, match="not under a folder of HEADWAY_DATA_ROOTS"):
        resolve("../nothing.csv", settings)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("nothing.csv", "no such file"),
        ("table.csv/more", "no such file"),
        ("sub", "a folder"),
        ("pipe", "not a regular file"),
        ("loop", "not a usable path|symbolic link"),
        ("nul\0byte", "not a usable path"),
        ("half\ud800", "not a usable path"),
        ("x" * 5000, "not a usable path|name too long"),
        ("", "a folder"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(root: Path, settings: Settings, value: str, why: str) -> None:
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(PathNotAllowed, match=why) as refused:
        resolve(value, settings)
    assert len(str(refused.value)) < 400


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(root: Path, settings: Settings) -> None:
    (root / "table.csv").chmod(0)
    with pytest.raises(PathNotAllowed, match="may not read it"):
        resolve("table.csv", settings)


def test_without_roots_every_path_is_refused(root: Path, settings: Settings) -> None:
    closed = settings.model_copy(update={"data_roots": ()})
    with pytest.raises(PathNotAllowed, match="HEADWAY_DATA_ROOTS"):
        resolve(str(root / "table.csv"), closed)


def test_an_uploaded_file_is_found_by_its_id_without_any_root(settings: Settings) -> None:
    (settings.data_dir / "files").mkdir(parents=True)
    (settings.data_dir / "files" / FILE_ID).write_text("a\n")
    closed = settings.model_copy(update={"data_roots": ()})
    assert resolve(FILE_ID, closed) == settings.data_dir / "files" / FILE_ID


def test_an_id_that_nobody_was_given_is_refused(settings: Settings) -> None:
    with pytest.raises(PathNotAllowed, match="no uploaded file has this id"):
        resolve(FILE_ID, settings)


def test_an_upload_that_is_a_link_out_is_refused(root: Path, settings: Settings) -> None:
    (settings.data_dir / "files").mkdir(parents=True)
    (settings.data_dir / "files" / FILE_ID).symlink_to(root / "table.csv")
    with pytest.raises(PathNotAllowed, match="not an uploaded file"):
        resolve(FILE_ID, settings)
