"""Jobs shown in Colab, where only a running cell can change its output: the cell waits."""

import time
from collections.abc import Sequence

from headway.notebook.handle import Handle
from headway.notebook.output import Output
from headway.notebook.view import text_of

_LOOK_S = 0.5


def show(handles: Sequence[Handle]) -> None:
    """Show jobs in this cell's output until they are over; interrupting the cell leaves them alone, and they go on."""
    for handle in handles:
        handle.follow()
    shown = [(handle, Output(_text(handle))) for handle in handles]
    try:
        while shown:
            time.sleep(_LOOK_S)
            # Looked at first: what ends while the texts are made is told in the next round.
            going_on = [(handle, output) for handle, output in shown if not handle.done]
            for handle, output in shown:
                output.replace(_text(handle))
            shown = going_on
    except KeyboardInterrupt:
        return


def _text(handle: Handle) -> dict[str, str]:
    return text_of(handle.job_id, handle.snapshot, "" if handle.error is None else str(handle.error))
