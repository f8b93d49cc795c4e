"""A job in a notebook: one live bar, and readable text where it was once the job is over."""

import html
import json
import logging
import threading
from typing import Any

from IPython.display import display
from ipywidgets import HTML, HBox, IntProgress, Layout, Widget

from headway import caption
from headway.client import Client, Watch
from headway.errors import HeadwayError
from headway.keys import check_job_id
from headway.quantities import duration
from headway.snapshot import Snapshot
from headway.status import Status

_LOOK_S = 1.0
_AWAY_S = 2.0
_RESULT_MAX = 2_000
_ROWS_SHOWN = 10
_RED = "#b3261e"
_STYLES = {
    Status.FINISHED: "success",
    Status.FAILED: "danger",
    Status.CANCELED: "warning",
    Status.PAUSED: "warning",
}
_COLOURS = {"success": "#2e7d32", "danger": _RED, "warning": "#b26a00", "": "#1565c0"}
_PULSE = "<progress style='width: 100%'></progress>"

_log = logging.getLogger(__name__)


class Live:
    """A job on show in the cell that called `watch`."""

    def __init__(self, job_id: str, snapshot: Snapshot | None, client: Client | None) -> None:
        self.job_id = job_id
        self.snapshot = snapshot
        self.error: HeadwayError | None = None
        self._own_client = client is None
        self._client = client or Client()
        self._watch: Watch = self._client.watch(job_id)
        self._view = _View(job_id, snapshot)
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
            self._view.freeze(self.snapshot, "" if self.error is None else str(self.error))

    def _follow(self) -> None:
        while not self._watch.done:
            news = self._watch.next_within(_LOOK_S)
            # The API's answer may be older than the snapshot that this bar was given.
            if news is not None and (self.snapshot is None or news.seq > self.snapshot.seq):
                self.snapshot = news
            if not self._watch.done:
                self._view.draw(self.snapshot, self._watch.away_s)


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
    """The widgets. After the constructor only the watching thread touches them: widgets know no locks."""

    def __init__(self, job_id: str, snapshot: Snapshot | None) -> None:
        self._job_id = job_id
        self._bar = IntProgress(min=0, max=100, layout=Layout(width="30%", flex="none"))
        self._pulse = HTML(_PULSE, layout=Layout(width="30%", flex="none"))
        self._text = HTML(layout=Layout(flex="auto"))
        self._box = HBox([self._bar, self._text])
        self._final: dict[str, str] = {}
        self.draw(snapshot, 0.0)
        self._shown = display(self._box, display_id=True)  # type: ignore[no-untyped-call]

    def draw(self, snapshot: Snapshot | None, away_s: float) -> None:
        """Show a snapshot; None is not seen yet."""
        note = f"no answer from the API for {duration(away_s)}, still trying" if away_s >= _AWAY_S else ""
        if snapshot is None:
            self._text.value = _line([f"<b>{html.escape(self._job_id)}</b>", html.escape(note or "connecting…")])
            return
        bar = self._pulse if caption.indeterminate(snapshot) else self._bar
        if self._box.children[0] is not bar:
            self._box.children = (bar, self._text)
        with self._bar.hold_sync():
            self._bar.value = caption.bar_percent(snapshot)
            self._bar.bar_style = _STYLES.get(snapshot.status, "")
        self._text.value = _text_html(snapshot, note)

    def freeze(self, snapshot: Snapshot | None, problem: str) -> None:
        """Put text in the widgets' place, which any reader of the stored notebook can show, and end them."""
        self._final = {
            "text/plain": _plain(self._job_id, snapshot, problem),
            "text/html": _static_html(self._job_id, snapshot, problem),
        }
        self.show_text()
        for widget in (self._box, self._bar, self._pulse, self._text):
            _end(widget)

    def show_text(self) -> None:
        """Show what `freeze` left; nothing before that, or outside a notebook."""
        if self._shown is not None and self._final:
            self._shown.update(self._final, raw=True)


def _end(widget: Widget) -> None:
    for part in (getattr(widget, "style", None), widget.layout, widget):
        if part is not None:
            part.close()


def _text_html(snapshot: Snapshot, note: str) -> str:
    head = f"<b>{html.escape(snapshot.status)}</b> {caption.percent(snapshot)}".rstrip()
    parts = [head, *(html.escape(text) for text in (snapshot.message, *caption.facts(snapshot)) if text)]
    if note:
        parts.append(f"<i>{html.escape(note)}</i>")
    return _line(parts) + _outcome_html(snapshot)


def _outcome_html(snapshot: Snapshot) -> str:
    if snapshot.status is Status.FAILED and snapshot.error is not None:
        why = html.escape(f"{snapshot.error.type}: {snapshot.error.detail}")
        return f"<div style='color: {_RED}; white-space: pre-wrap'>{why}</div>"
    if snapshot.status is Status.FINISHED and snapshot.result is not None:
        return _result_html(snapshot.result)
    return ""


def _result_html(result: Any) -> str:
    match result:
        case {"type": "table", "columns": list(columns), "rows": list(rows), "total_rows": int(total)}:
            head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
            body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows[:_ROWS_SHOWN])
            more = f"<small>{_ROWS_SHOWN} of {total:,} rows</small>" if total > _ROWS_SHOWN else ""
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            return f"<div style='overflow-x: auto'>{table}</div>{more}"
        case _:
            return f"<pre style='margin: 0'>{html.escape(_result(result, indent=2))}</pre>"


def _cells(row: Any) -> str:
    cells = row if isinstance(row, list) else [row]
    return "".join(f"<td>{'' if cell is None else html.escape(str(cell))}</td>" for cell in cells)


def _static_html(job_id: str, snapshot: Snapshot | None, problem: str) -> str:
    name = html.escape(job_id)
    trouble = f"<div style='color: {_RED}'>{html.escape(problem)}</div>" if problem else ""
    if snapshot is None:
        return f"<div><b>{name}</b>{trouble}</div>"
    colour = _COLOURS[_STYLES.get(snapshot.status, "")]
    bar = (
        "<div style='width: 30%; height: 0.8em; background: #ddd'>"
        f"<div style='width: {caption.bar_percent(snapshot)}%; height: 100%; background: {colour}'></div></div>"
    )
    when = html.escape(f"{snapshot.task or 'job'} {job_id} as of {snapshot.updated_at or 'an unknown time'}")
    return f"<div>{bar}{_text_html(snapshot, '')}<small>{when}</small>{trouble}</div>"


def _plain(job_id: str, snapshot: Snapshot | None, problem: str) -> str:
    if snapshot is None:
        return f"{job_id}: {problem or 'not seen'}"
    head = f"{snapshot.task or 'job'} {job_id}: {snapshot.status} {caption.percent(snapshot)}".rstrip()
    parts = [head, snapshot.message, *caption.facts(snapshot)]
    if snapshot.status is Status.FAILED and snapshot.error is not None:
        parts.append(f"{snapshot.error.type}: {snapshot.error.detail}")
    if snapshot.status is Status.FINISHED and snapshot.result is not None:
        parts.append(_result_plain(snapshot.result))
    parts += [problem, f"as of {snapshot.updated_at}" if snapshot.updated_at else ""]
    return " · ".join(part for part in parts if part)


def _result_plain(result: Any) -> str:
    match result:
        case {"type": "table", "total_rows": int(total)}:
            return f"a table of {total:,} rows"
        case _:
            return _result(result)


def _result(result: Any, *, indent: int | None = None) -> str:
    text = json.dumps(result, ensure_ascii=False, indent=indent)
    return text if len(text) <= _RESULT_MAX else f"{text[:_RESULT_MAX]}… ({len(text):,} characters)"


def _line(parts: list[str]) -> str:
    return " · ".join(parts)
