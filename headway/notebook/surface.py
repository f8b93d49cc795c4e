"""A widget in a cell's output, with readable text for whoever opens the notebook where no kernel keeps it alive.

A stored widget is but the id of something in a kernel; JupyterLab shows an error where that is gone. So the text is an
output of its own: the living widget hides it, and it hides what is shown of a dead one.
"""

import uuid

from ipywidgets import HTML, VBox, Widget

from headway.notebook.output import Output

#: How a widget's view is called among the forms of an output.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_NOTHING = {"text/plain": "", "text/html": ""}

Text = dict[str, str]


class Surface:
    """A widget on show in the cell that runs now, and the text that stands for it. All methods are for one thread."""

    def __init__(self, widget: Widget, text: Text) -> None:
        """Show both; `text` has the forms `text/plain` and `text/html`."""
        self._name = f"headway-{uuid.uuid4().hex[:12]}"
        hides = f"<style>.jp-OutputArea-child:has(.{self._name}), .{self._name} {{ display: none }}</style>"
        self._hiding = HTML(hides, layout={"display": "none"})
        self._box = VBox([widget, self._hiding])
        self._text = text
        self._still = Output(self._marked(text))
        view = {"text/plain": "", WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}}
        self._live = Output(view)

    def keep(self, text: Text) -> None:
        """What to show where the widget is gone."""
        self._text = text
        self._still.replace(self._marked(text))

    def end(self, text: Text) -> None:
        """Leave the text alone; the widget stays as it is only on a page that was loaded since it was shown."""
        self._text = text
        self.again()

    def again(self) -> None:
        """Say once more what `end` said: what executes a notebook drops what came between two cells."""
        self._still.replace(self._text)
        self._live.replace(_NOTHING)

    def _marked(self, text: Text) -> Text:
        dead = (
            f"<style>.jp-OutputArea-child:has(.{self._name}) + .jp-OutputArea-child > .jupyter-widgets:not(:has(*)) "
            "{ display: none }</style>"
        )
        return text | {"text/html": f'<div class="{self._name}">{dead}{text["text/html"]}</div>'}
