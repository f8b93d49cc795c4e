"""A job in a notebook: one live bar with its buttons, and readable text where it was once the job is over."""

import html
import logging
import math
import threading
import time
from collections.abc import Callable

from IPython.display import display
from ipywidgets import HTML, Button, HBox, IntProgress, Layout, Widget

from headway import caption
from headway.client import Client, Watch
from headway.errors import HeadwayError
from headway.keys import check_job_id
from headway.notebook_text import RED, line, live_html, plain, static_html
from headway.quantities import duration
from headway.snapshot import Action, Snapshot
from headway.status import Status

_LOOK_S = 1.0
_AWAY_S = 2.0
#: How long a button waits for the second press that it asks for, in seconds.
_SURE_S = 5.0
_LABELS: dict[Action, str] = {"pause": "Pause", "resume": "Resume", "cancel": "Cancel"}
_STYLES = {
    Status.FINISHED: "success",
    Status.FAILED: "danger",
    Status.CANCELED: "warning",
    Status.PAUSED: "warning",
}
_COLOURS = {"success": "#2e7d32", "danger": RED, "warning": "#b26a00", "": "#1565c0"}
_PULSE = "<progress style='width: 100%'></progress>"

_log = logging.getLogger(__name__)


class Live:
    """A job on show in the cell that called `watch`."""

    def __init__(self, job_id: str, snapshot: Snapshot | None, client: Client | None) -> None:
        self.job_id = job_id
        self.snapshot = snapshot
        self.error: HeadwayError | None = None
        # A button is pressed in another thread than the one that watches, and widgets know no locks.
        self._lock = threading.Lock()
        self._own_client = client is None
        self._client = client or Client()
        self._watch: Watch = self._client.watch(job_id)
        self._view = _View(job_id, snapshot, self._press)
        self._thread = threading.Thread(target=self._run, name=f"headway-watch-{job_id}", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> Snapshot | None:
        """Block until the job is over or so many seconds have passed, and return the last snapshot.

        A notebook that is executed as a whole ends with its last cell, and Colab shows nothing between cells: there
        the cell has to wait.

        Raises:
            HeadwayError: what ended the watch, such as `JobNotFound`; a failed job raises nothing.
        """
        self._thread.join(timeout)
        if not self._thread.is_alive():
            # Executing front ends and Colab drop what a thread sent between two cells: said again in this one.
            self._view.show_text()
        if self.error is not None:
            raise self.error
        return self.snapshot

    def close(self) -> None:
        """Stop watching and leave the last state as text; the job goes on."""
        self._watch.close()
        self._thread.join()

    def __repr__(self) -> str:
        return f"<{self.job_id}: {self.snapshot.status if self.snapshot else 'not seen yet'}>"

    def _ipython_display_(self) -> None:
        """Nothing: as a cell's last value it is on show already."""

    def _run(self) -> None:
        try:
            self._follow()
        except HeadwayError as error:
            self.error = error
        except Exception as error:  # the thread's edge: nobody else would see it
            _log.exception("watching job %s", self.job_id)
            self.error = HeadwayError(f"{type(error).__name__}: {error}")
        finally:
            self._watch.close()
            if self._own_client:
                self._client.close()
            with self._lock:
                self._view.freeze(self.snapshot, "" if self.error is None else str(self.error))

    def _press(self, action: Action) -> None:
        """What a button does, in the thread that runs the cells; the answer shows at once what is asked for."""
        asks = {"pause": self._client.pause, "resume": self._client.resume, "cancel": self._client.cancel}
        with self._lock:
            if not self._view.sure(action):
                return
        try:
            self._show(asks[action](self.job_id))
        except HeadwayError as error:
            self._show(None, refusal=str(error))

    def _show(self, news: Snapshot | None, refusal: str = "") -> None:
        with self._lock:
            # An answer may be older than what is on show.
            if news is not None and (self.snapshot is None or news.seq > self.snapshot.seq):
                self.snapshot = news
            self._view.draw(self.snapshot, self._watch.away_s, refusal)

    def _follow(self) -> None:
        while not self._watch.done:
            news = self._watch.next_within(_LOOK_S)
            self._show(news)


def watch(job: str | Snapshot, *, client: Client | None = None) -> Live:
    """Show a job's progress in this cell's output until it is over; the cell itself ends at once.

    Args:
        job: a job id, or the snapshot that `Client.submit` returned.
        client: None makes one from the settings, for this bar alone.

    Raises:
        InvalidJobId: no job can have this id.
    """
    job_id = job.job_id if isinstance(job, Snapshot) else job
    return Live(check_job_id(job_id), job if isinstance(job, Snapshot) else None, client)


class _View:
    """The widgets, for one thread at a time."""

    def __init__(self, job_id: str, snapshot: Snapshot | None, press: Callable[[Action], None]) -> None:
        self._job_id = job_id
        self._bar = IntProgress(min=0, max=100, layout=Layout(width="30%", flex="none"))
        self._pulse = HTML(_PULSE, layout=Layout(width="30%", flex="none"))
        self._text = HTML(layout=Layout(flex="auto"))
        self._buttons = _Buttons(press)
        self._box = HBox([self._bar, self._text])
        self._final: dict[str, str] = {}
        self.draw(snapshot, 0.0)
        self._shown = display(self._box, display_id=True)  # type: ignore[no-untyped-call]

    def draw(self, snapshot: Snapshot | None, away_s: float, refusal: str = "") -> None:
        """Show a snapshot, None is not seen yet, and why what a button asked for was refused; nothing once frozen."""
        if self._final:
            return
        note = f"no answer from the API for {duration(away_s)}, still trying" if away_s >= _AWAY_S else ""
        if snapshot is None:
            self._text.value = line([f"<b>{html.escape(self._job_id)}</b>", html.escape(note or "connecting…")])
            return
        bar = self._pulse if caption.indeterminate(snapshot) else self._bar
        children = (bar, *self._buttons.draw(snapshot, refusal), self._text)
        if self._box.children != children:
            self._box.children = children
        with self._bar.hold_sync():
            self._bar.value = caption.bar_percent(snapshot)
            self._bar.bar_style = _STYLES.get(snapshot.status, "")
        self._text.value = live_html(snapshot, note, self._buttons.refusal)

    def sure(self, action: Action) -> bool:
        """Whether a button that was pressed is to act now, or was only asked about."""
        return self._buttons.sure(action)

    def freeze(self, snapshot: Snapshot | None, problem: str) -> None:
        """Put text in the widgets' place, which any reader of the stored notebook can show, and end them."""
        colour = _COLOURS[_STYLES.get(snapshot.status, "") if snapshot else ""]
        self._final = {
            "text/plain": plain(self._job_id, snapshot, problem),
            "text/html": static_html(self._job_id, snapshot, problem, colour),
        }
        self.show_text()
        for widget in (self._box, self._bar, self._pulse, self._text, *self._buttons.all):
            _end(widget)

    def show_text(self) -> None:
        """Show what `freeze` left; nothing before that, or outside a notebook."""
        if self._shown is not None and self._final:
            self._shown.update(self._final, raw=True)


class _Buttons:
    """A button for each action that a job under way takes now; a cancel takes two presses."""

    def __init__(self, press: Callable[[Action], None]) -> None:
        self.refusal = ""
        self._press = press
        self._made: dict[Action, Button] = {}
        self._asked_back_at = -math.inf

    @property
    def all(self) -> list[Button]:
        """Every button that was ever made."""
        return list(self._made.values())

    def draw(self, snapshot: Snapshot, refusal: str) -> list[Button]:
        """The buttons for this snapshot; a `refusal` is kept until the next press."""
        self.refusal = refusal or self.refusal
        pending = "" if snapshot.control is None else snapshot.control.requested
        shown: list[Action] = [action for action in snapshot.can if action in _LABELS]
        for action in shown:
            button = self._made.get(action) or self._make(action)
            asked_back = action == "cancel" and self._asking_back
            label = f"{_LABELS[action]} asked for" if pending == action else _LABELS[action]
            button.description = "Really cancel?" if asked_back else label
            # A job that is to end takes no other request.
            button.disabled = pending in {action, "cancel"}
        return [self._made[action] for action in shown]

    def sure(self, action: Action) -> bool:
        """Whether to act; the first press of a cancel only asks back, for a while."""
        self.refusal = ""
        asked_back, self._asked_back_at = self._asking_back, -math.inf
        if action != "cancel" or asked_back:
            return True
        self._asked_back_at = time.monotonic()
        self._made[action].description = "Really cancel?"
        return False

    @property
    def _asking_back(self) -> bool:
        return time.monotonic() - self._asked_back_at < _SURE_S

    def _make(self, action: Action) -> Button:
        button = self._made[action] = Button(layout=Layout(width="auto", flex="none"))
        button.on_click(lambda _: self._press(action))
        return button


def _end(widget: Widget) -> None:
    for part in (getattr(widget, "style", None), widget.layout, widget):
        if part is not None:
            part.close()
