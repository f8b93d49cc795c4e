"""Fields that are files: a path on the worker, or a file of one's own that is uploaded when the form is submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from headway import Client
from headway.errors import HeadwayError, InvalidParams
from headway.fields import FormField

# Stands for a file that is not uploaded yet, so that a form with another fault is refused before anything is sent.
_TO_COME = "to be uploaded"


@dataclass(frozen=True)
class Files:
    """What the field of a file, or with `many` of a list of them, holds."""

    paths: list[str]
    picked: list[UploadedFile]
    many: bool

    def __bool__(self) -> bool:
        return bool(self.paths or self.picked)

    @property
    def entry(self) -> list[str] | str | None:
        """What it would be as a form's entry were it uploaded already."""
        entries = [*self.paths, *[_TO_COME] * len(self.picked)]
        if self.many:
            return entries
        return entries[0] if entries else None


def draw_file(common: dict[str, Any], field: FormField) -> Files:
    """Draw a line for a path, and below it a place for a file; a file takes the place of the task's own path."""
    or_empty = "" if field.required else "; empty for the task's own"
    typed = st.text_input(
        **common, value=field.default, placeholder=f"Path on the worker, or upload a file below{or_empty}"
    )
    picked = _uploader(common, many=False)
    path = (typed or "").strip()
    kept = path and not (picked and path == field.default)
    return Files([path] if kept else [], [picked] if picked else [], many=False)


def draw_files(common: dict[str, Any], default: list[Any]) -> Files:
    """Draw a box for paths, one a line, and below it a place for files; both together are the list."""
    typed = st.text_area(
        **common, value="\n".join(map(str, default)), placeholder="One path on the worker a line, or upload files below"
    )
    return Files([line.strip() for line in typed.splitlines() if line.strip()], _uploader(common, many=True), many=True)


def as_entries(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with nothing but text for files."""
    return {name: value.entry if isinstance(value, Files) else value for name, value in values.items()}


def given_twice(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The errors of fields for one file that hold a path and a file."""
    return [
        {"field": name, "detail": "takes a path or an uploaded file, not both"}
        for name, value in values.items()
        if isinstance(value, Files) and not value.many and value.paths and value.picked
    ]


def upload_all(client: Client, task: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Upload every file that was picked; the params that hold one, with ids in place of files.

    Raises:
        InvalidParams: one could not be uploaded.
    """
    params: dict[str, Any] = {}
    errors: list[dict[str, str]] = []
    for name, files in values.items():
        if isinstance(files, Files) and files.picked:
            ids = _upload(client, name, files, errors)
            params[name] = [*files.paths, *ids] if files.many else "".join(ids)
    if errors:
        raise InvalidParams(task, errors)
    return params


def _upload(client: Client, name: str, files: Files, errors: list[dict[str, str]]) -> Sequence[str]:
    ids = []
    for position, file in enumerate(files.picked, len(files.paths)):
        try:
            ids.append(client.upload(file).file_id)
        except HeadwayError as error:
            if files.many:
                errors.append(
                    {"field": f"{name}.{position}", "detail": f"({file.name}) could not be uploaded: {error}"}
                )
            else:
                errors.append({"field": name, "detail": f"could not be uploaded: {error}"})
    return ids


def _uploader(common: dict[str, Any], *, many: bool) -> Any:
    return st.file_uploader(
        f"{common['label']}: upload {'files' if many else 'a file'}",
        key=f"upload:{common['key']}",
        accept_multiple_files=many,
        label_visibility="collapsed",
    )
