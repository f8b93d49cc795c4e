"""`form`: a task's parameters as fields in a cell, and the bar of the job that they start."""

import html
from typing import Any

from ipywidgets import HTML, Button, VBox

from headway.client import Client
from headway.errors import BadInput, HeadwayError, InvalidParams
from headway.forms import parse
from headway.notebook.entry import Entry
from headway.notebook.face import Face, face
from headway.notebook.handle import Handle
from headway.notebook.surface import Surface, Text
from headway.notebook.text import RED
from headway.notebook.watching import default_client
from headway.tasks import TaskInfo


class TaskForm:
    """A form on show. `handle` is of the job that it submitted last, None before the first."""

    def __init__(self, task: TaskInfo, client: Client) -> None:
        self.task = task
        self.handle: Handle | None = None
        self._client = client
        self._entries = [Entry(field) for field in task.fields]
        self._button = Button(description="Submit", button_style="primary")
        self._button.on_click(lambda _: self.submit())
        self._problem = HTML()
        self._below = VBox()
        head = HTML(f"<b>{html.escape(task.name)}</b><div>{html.escape(task.description)}</div>")
        entries = [entry.widget for entry in self._entries]
        self.widget = VBox([head, *entries, self._button, self._problem, self._below])
        said = f"A form for {task.name}: run this cell again to fill it in."
        self.surface = Surface(self.widget, {"text/plain": said, "text/html": f"<div>{html.escape(said)}</div>"})

    def submit(self) -> None:
        """Submit what the fields hold, and show the job below; else say at the fields what is wrong."""
        self._button.disabled = True
        try:
            values = {entry.field.name: entry.value for entry in self._entries}
            params = parse(self.task.fields, values, self.task.name)
            snapshot = self._client.submit(self.task.name, params)
        except InvalidParams as error:
            self._blame(error.errors or [{"field": "", "detail": str(error)}])
        except HeadwayError as error:
            self._blame([{"field": "", "detail": str(error)}])
        else:
            self._blame([])
            self._show(Handle(snapshot.job_id, snapshot, self._client))
        finally:
            self._button.disabled = False

    def _show(self, handle: Handle) -> None:
        self.handle = handle
        shown: list[Any] = [handle.view().widget]
        if face() is Face.COLAB:
            shown.append(HTML(f"To see it move, run <code>watch({handle.job_id!r})</code> in a cell of its own."))
        self._below.children = shown
        handle.lie_on(_Below(self, handle))
        handle.follow()

    def _blame(self, errors: list[dict[str, str]]) -> None:
        names = {entry.field.name for entry in self._entries}
        for entry in self._entries:
            entry.blame(errors)
        elsewhere = [
            f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]
            for error in errors
            if error["field"].partition(".")[0] not in names
        ]
        self._problem.value = "".join(f"<div style='color: {RED}'>{html.escape(said)}</div>" for said in elsewhere)

    def _ipython_display_(self) -> None:
        """Nothing: as a cell's last value it is on show already."""


class _Below:
    """Where the job of a form is shown: the form stays when the job is over, for the next."""

    def __init__(self, form: TaskForm, handle: Handle) -> None:
        self._form = form
        self._handle = handle

    def keep(self, text: Text) -> None:
        """What to show where the form is gone: its last job."""
        if self._form.handle is self._handle:
            self._form.surface.keep(text)

    def end(self, text: Text) -> None:
        """The same, of a job that is over."""
        self.keep(text)

    def again(self) -> None:
        """Nothing: the form is not taken away."""


def form(task: str, *, client: Client | None = None) -> TaskForm:
    """Show a form for a task in this cell's output; its button submits a job and shows it below.

    Args:
        task: its name.
        client: None makes one from the settings for all of a kernel.

    Raises:
        TaskNotFound: no worker announced it.
        BadInput: this is no notebook, which alone can show a form.
    """
    if face() is Face.TERMINAL:
        raise BadInput(f"a form needs a notebook: here, use submit({task!r}, …) with the parameters")
    asked = client or default_client()
    return TaskForm(asked.task(task), asked)
