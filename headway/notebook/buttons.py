"""A button for each action that a job under way takes now; a cancel takes two presses."""

import math
import time
from collections.abc import Callable

from ipywidgets import Button, Layout

from headway.snapshot import Action, Snapshot

#: How long a button waits for the second press that it asks for, in seconds.
_SURE_S = 5.0
_LABELS: dict[Action, str] = {"pause": "Pause", "resume": "Resume", "cancel": "Cancel"}


class Buttons:
    """The buttons of one job; `press` is called in the thread where the front end's click arrives, and may ask `sure`.

    Only `draw` writes to them.
    """

    def __init__(self, press: Callable[[Action], None], hint: str = "") -> None:
        """`hint` is shown where the pointer rests on a button."""
        self.refusal = ""
        self._press = press
        self._hint = hint
        self._made: dict[Action, Button] = {}
        self._asked_back_at = -math.inf

    def draw(self, snapshot: Snapshot, refusal: str = "") -> list[Button]:
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
        return False

    @property
    def _asking_back(self) -> bool:
        return time.monotonic() - self._asked_back_at < _SURE_S

    def _make(self, action: Action) -> Button:
        button = self._made[action] = Button(layout=Layout(width="auto", flex="none"), tooltip=self._hint)
        button.on_click(lambda _: self._press(action))
        _answer_at_once(button)
        return button


def _answer_at_once(button: Button) -> None:
    """Let clicks be handled in the thread that the front end asks for, not after the cell that runs now.

    ipykernel 7.1 and later send them to whichever thread last wrote to the widget, which is the one that runs cells.
    """
    if hasattr(button.comm, "_reply_subshell_for"):
        button.comm._reply_subshell_for = _as_asked


def _as_asked(data: object, asked: str | None) -> str | None:
    return asked
