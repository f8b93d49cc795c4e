"""The widgets that show one job: its bar, its words, the bars inside, its buttons."""

import html
from collections.abc import Callable

from ipywidgets import HTML, HBox, IntProgress, Layout, VBox

from headway import caption
from headway.notebook.buttons import Buttons
from headway.notebook.text import RED, bars_html, line, live_html, plain, static_html
from headway.quantities import duration
from headway.snapshot import Action, Snapshot
from headway.status import Status

_AWAY_S = 2.0
_STYLES = {
    Status.FINISHED: "success",
    Status.FAILED: "danger",
    Status.CANCELED: "warning",
    Status.PAUSED: "warning",
}
_COLOURS = {"success": "#2e7d32", "danger": RED, "warning": "#b26a00", "": "#1565c0"}
_PULSE = "<progress style='width: 100%'></progress>"


class View:
    """A job's widgets, all in `widget`; for the one thread that writes to them."""

    def __init__(self, job_id: str, snapshot: Snapshot | None, press: Callable[[Action], None], hint: str = "") -> None:
        self._job_id = job_id
        self._bar = IntProgress(min=0, max=100, layout=Layout(width="30%", flex="none"))
        self._pulse = HTML(_PULSE, layout=Layout(width="30%", flex="none"))
        self._words = HTML(layout=Layout(flex="auto"))
        self._inside = HTML()
        self._buttons = Buttons(press, hint)
        self._row = HBox([self._bar, self._words])
        self.widget = VBox([self._row])
        self.draw(snapshot)

    def draw(self, snapshot: Snapshot | None, away_s: float = 0.0, refusal: str = "", problem: str = "") -> None:
        """Show a snapshot, None is not seen yet.

        Args:
            snapshot: the job's latest.
            away_s: how long the API has not answered, in seconds.
            refusal: why what a button asked for was refused; stays until the next press.
            problem: what ended the following before the job ended.
        """
        note = problem or (f"no answer from the API for {duration(away_s)}, still trying" if away_s >= _AWAY_S else "")
        if snapshot is None:
            self._words.value = line([f"<b>{html.escape(self._job_id)}</b>", html.escape(note or "connecting…")])
            return
        bar = self._pulse if caption.indeterminate(snapshot) else self._bar
        buttons = [] if snapshot.status.terminal else self._buttons.draw(snapshot, refusal)
        _put(self._row, (bar, *buttons, self._words))
        with self._bar.hold_sync():
            self._bar.value = caption.bar_percent(snapshot)
            self._bar.bar_style = _STYLES.get(snapshot.status, "")
        self._words.value = live_html(snapshot, note, self._buttons.refusal)
        self._inside.value = bars_html(snapshot)
        _put(self.widget, (self._row, self._inside) if self._inside.value else (self._row,))

    def sure(self, action: Action) -> bool:
        """Whether a button that was pressed is to act now, or was only asked about."""
        return self._buttons.sure(action)


def text_of(job_id: str, snapshot: Snapshot | None, problem: str = "") -> dict[str, str]:
    """A job as any reader of the stored notebook can show it."""
    colour = _COLOURS[_STYLES.get(snapshot.status, "") if snapshot else ""]
    return {
        "text/plain": plain(job_id, snapshot, problem),
        "text/html": static_html(job_id, snapshot, problem, colour),
    }


def _put(box: HBox | VBox, children: tuple[object, ...]) -> None:
    if box.children != children:
        box.children = children
