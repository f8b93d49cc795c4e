"""File parameters: what a job may open, checked where the job runs."""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field

from headway.errors import PathNotAllowed
from headway.settings import Settings

#: The format that marks a file parameter in a schema.
FORMAT = "headway-file"

#: A parameter that is a file: the `file_id` of an upload, or a path under `HEADWAY_DATA_ROOTS`.
File = Annotated[str, Field(min_length=1, max_length=4096, json_schema_extra={"format": FORMAT})]

_FILE_ID = re.compile(r"[0-9a-f]{32}")


def resolve(value: str, settings: Settings) -> Path:
    """The file that a parameter of type `File` means, absolute and with every link followed.

    32 hexadecimal digits are an upload's `file_id`. A relative path is looked for in each of `HEADWAY_DATA_ROOTS`
    in turn. Open what is returned, not `value`: a link may change between the two.

    Raises:
        PathNotAllowed: it lies outside the roots, does not exist, is no regular file, or cannot be read.
    """
    if _FILE_ID.fullmatch(value):
        return _upload(value, settings)
    if not settings.data_roots:
        raise PathNotAllowed(f"{_shown(value)}: no folder is open to jobs; name some in HEADWAY_DATA_ROOTS")
    roots = [_followed(root, value) for root in settings.data_roots]
    paths = [path for root in roots if _is_inside(path := _followed(root / value, value), roots)]
    if not paths:
        raise PathNotAllowed(f"{_shown(value)}: not under a folder of HEADWAY_DATA_ROOTS")
    for path in paths[:-1]:
        with suppress(PathNotAllowed):
            return _readable(path, value)
    return _readable(paths[-1], value)


def _upload(file_id: str, settings: Settings) -> Path:
    folder = _followed(settings.data_dir / "files", file_id)
    path = _followed(folder / file_id, file_id)
    if not _is_inside(path, [folder]):
        raise PathNotAllowed(f"{file_id}: not an uploaded file")
    found = _readable(path, file_id, missing="no uploaded file has this id")
    with suppress(OSError):
        # Uploads are removed by age: one that jobs still open stays.
        os.utime(found)
    return found


def _followed(path: Path, value: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # A loop of links, a name that is too long, a NUL byte or half a surrogate pair.
        raise PathNotAllowed(f"{_shown(value)}: not a usable path ({_reason(error)})") from None


def _is_inside(path: Path, roots: list[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _readable(path: Path, value: str, missing: str = "no such file") -> Path:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise PathNotAllowed(f"{_shown(value)}: {missing}") from None
    except OSError as error:
        raise PathNotAllowed(f"{_shown(value)}: {_reason(error)}") from None
    if stat.S_ISDIR(mode):
        raise PathNotAllowed(f"{_shown(value)}: a folder, not a file")
    if not stat.S_ISREG(mode):
        # Reading a pipe or a device could block for ever.
        raise PathNotAllowed(f"{_shown(value)}: not a regular file")
    if not os.access(path, os.R_OK):
        raise PathNotAllowed(f"{_shown(value)}: the worker may not read it")
    return path


def _reason(error: Exception) -> str:
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)


def _shown(value: str) -> str:
    return repr(value if len(value) <= 200 else f"{value[:200]}…")
