"""A job that somebody holds in a variable: shown, waited for, awaited, asked for its result."""

import asyncio
import math
import threading
import time
from collections.abc import Generator
from typing import Any, Protocol

from headway.client import Client
from headway.client.outcome import kept_beside, value_of
from headway.errors import HeadwayError, JobFailed, StillRunning
from headway.notebook.face import buttons_wait
from headway.notebook.feed import feed_of
from headway.notebook.last_lines import last_lines
from headway.notebook.surface import Surface, Text
from headway.notebook.view import View, text_of
from headway.snapshot import Action, Snapshot

#: At most so often a bar is drawn anew, in seconds.
_REDRAW_S = 0.2
#: What only time changes, such as how long the API is away, is drawn this often, in seconds.
_TICK_S = 1.0
#: How old the text that stands for a dead widget may become while the job moves, in seconds.
_KEEP_S = 5.0
_HINT = "Answered once the running cell has ended."


class Ground(Protocol):
    """Where a handle's widgets are shown; `Surface` is one."""

    def keep(self, text: Text) -> None:
        """What to show where the widgets are gone."""

    def end(self, text: Text) -> None:
        """What to show of a job that is over."""

    def again(self) -> None:
        """Say once more what `end` said."""


class Handle:
    """One job as this kernel knows it. Any thread may wait; the feed's thread alone writes to the widgets."""

    def __init__(self, job_id: str, snapshot: Snapshot | None, client: Client) -> None:
        self.job_id = job_id
        self.snapshot = snapshot
        self.error: HeadwayError | None = None
        self._client = client
        self._feed = feed_of(client)
        self._lock = threading.Lock()
        self._following = False
        self._over = threading.Event()
        self._awaiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._view: View | None = None
        self._surface: Ground | None = None
        self._drawn_at = self._kept_at = -math.inf
        self._due: asyncio.TimerHandle | None = None
        self._away_s = 0.0

    @property
    def done(self) -> bool:
        """Whether the job is over, or cannot be followed any further."""
        return self._over.is_set()

    @property
    def shown(self) -> bool:
        """Whether it has a place in some cell's output."""
        return self._view is not None

    def wait(self, timeout: float | None = None) -> Snapshot | None:
        """Block until the job is over or so many seconds have passed, and return the last snapshot.

        A notebook that is executed as a whole ends with its last cell, and Colab shows nothing between cells: there
        the cell has to wait.

        Raises:
            JobFailed: the job failed; `type` and `detail` say how, `last_lines` what it said last.
            JobWasCanceled: it was canceled.
            HeadwayError: what ended the following, such as `JobNotFound`.
        """
        self.follow()
        if self._over.wait(timeout):
            if self._surface is not None:
                self._surface.again()
            self._value()
        return self.snapshot

    def result(self, timeout: float | None = None) -> Any:
        """Wait, and return what the job returned; errors as `wait`.

        Raises:
            StillRunning: it has not ended within so many seconds, and goes on.
        """
        self.wait(timeout)
        if not self.done:
            status = None if self.snapshot is None else self.snapshot.status
            raise StillRunning(self.job_id, status, timeout or 0.0)
        return self._client.result(self.job_id, timeout_s=0) if self._beside() else self._value()

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait without blocking other tasks, and return what the job returned; errors as `wait`."""
        return self._ended().__await__()

    async def _ended(self) -> Any:
        self.follow()
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        with self._lock:
            self._awaiting.append((loop, over))
        if not self.done:
            await over
        return await asyncio.to_thread(self.result)

    def follow(self) -> None:
        """Have the feed tell of it, if it does not yet."""
        with self._lock:
            begins, self._following = not self._following, True
        if begins:
            self._feed.follow(self)

    def show(self) -> None:
        """Show it in the output of the cell that runs now."""
        self.place(self.view().widget)
        self.follow()

    def view(self) -> View:
        """Its widgets, made now, for somebody to show; call `follow` once they are in place."""
        view = self._view = View(self.job_id, self.snapshot, self._press, _HINT if buttons_wait() else "")
        return view

    def place(self, widget: Any) -> None:
        """Show a widget with the text that stands for it."""
        self._surface = Surface(widget, text_of(self.job_id, self.snapshot))

    def lie_on(self, ground: Ground) -> None:
        """Keep the text that stands for it there, where its widgets are on show already."""
        self._surface = ground

    def close(self) -> None:
        """Stop following and leave the last state as text; the job goes on."""
        self._feed.leave(self)
        self._feed.call(lambda: self._end(None))
        self._over.wait(5.0)

    def take(self, snapshot: Snapshot | None, error: HeadwayError | None) -> None:
        """Be told by the feed."""
        if error is not None:
            self._end(error)
            return
        # A button's answer may have been here first.
        if snapshot is not None and (self.snapshot is None or snapshot.seq >= self.snapshot.seq):
            self.snapshot = snapshot
            if snapshot.status.terminal:
                self._end(None)
            else:
                self._draw_soon()

    def tick(self, away_s: float) -> None:
        """Be told by the feed that a second has passed."""
        self._away_s = away_s
        if time.monotonic() - self._drawn_at >= _TICK_S:
            self._draw()

    def _draw_soon(self) -> None:
        left_s = self._drawn_at + _REDRAW_S - time.monotonic()
        if left_s <= 0:
            self._draw()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(left_s, self._draw)

    def _draw(self, refusal: str = "") -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._over.is_set() or self._view is None:
            return
        self._drawn_at = time.monotonic()
        self._view.draw(self.snapshot, self._away_s, refusal)
        if self._surface is not None and self._drawn_at - self._kept_at >= _KEEP_S:
            self._surface.keep(text_of(self.job_id, self.snapshot))
            self._kept_at = self._drawn_at

    def _end(self, error: HeadwayError | None) -> None:
        if self._over.is_set():
            return
        self.error = error
        problem = "" if error is None else str(error)
        try:
            if self._view is not None:
                self._view.draw(self.snapshot, problem=problem)
            if self._surface is not None:
                self._surface.end(text_of(self.job_id, self.snapshot, problem))
        finally:
            self._over.set()
            with self._lock:
                awaiting, self._awaiting = self._awaiting, []
            for loop, over in awaiting:
                loop.call_soon_threadsafe(_settle, over)

    def _press(self, action: Action) -> None:
        """What a button does, in the thread where its click arrives; what is asked for shows at once."""
        view = self._view
        if view is None:
            return
        if not view.sure(action):
            self._feed.call(self._draw)
            return
        asks = {"pause": self._client.pause, "resume": self._client.resume, "cancel": self._client.cancel}
        try:
            answer = asks[action](self.job_id)
        except HeadwayError as error:
            refused = str(error)
            self._feed.call(lambda: self._draw(refused))
        else:
            self._feed.call(lambda: self._asked(answer))

    def _asked(self, answer: Snapshot) -> None:
        # An answer may be older than what is on show; how the job ends, the feed tells.
        if not answer.status.terminal and (self.snapshot is None or answer.seq > self.snapshot.seq):
            self.snapshot = answer
        self._draw()

    def _beside(self) -> bool:
        return self.snapshot is not None and kept_beside(self.snapshot)

    def _value(self) -> Any:
        """The result of a job that is over; raises what `wait` lists."""
        if self.error is not None:
            raise self.error
        if self.snapshot is None:
            raise HeadwayError(f"job {self.job_id!r} was not seen before this was closed")
        if not self.snapshot.status.terminal:
            return None
        try:
            return value_of(self.snapshot)
        except JobFailed as error:
            said = last_lines(self._client, self.job_id)
            raise JobFailed(self.job_id, error.type, error.detail, said) from None

    def __repr__(self) -> str:
        return f"<{self.job_id}: {self.snapshot.status if self.snapshot else 'not seen yet'}>"

    def _ipython_display_(self) -> None:
        """As a cell's last value it is shown, unless it is already."""
        if not self.shown:
            self.show()


def _settle(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)
