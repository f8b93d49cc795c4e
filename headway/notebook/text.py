"""A job as text that a notebook keeps: HTML beside a bar, and what is left when the bar is gone."""

import html
import json
from typing import Any

from headway import caption
from headway.quantities import count
from headway.snapshot import Bar, Snapshot
from headway.status import Status

_RESULT_MAX = 2_000
_ROWS_SHOWN = 10
_BARS_SHOWN = 16
_DEPTH_MAX = 6
RED = "#b3261e"


def live_html(snapshot: Snapshot, note: str = "", refusal: str = "") -> str:
    """What stands beside a live bar; `note` is what else there is to say, `refusal` why a button did nothing."""
    head = f"<b>{html.escape(snapshot.status)}</b> {caption.percent(snapshot)}".rstrip()
    parts = [head, *(html.escape(text) for text in (*_words(snapshot), *caption.facts(snapshot)) if text)]
    if note:
        parts.append(f"<i>{html.escape(note)}</i>")
    refused = f"<div style='color: {RED}'>{html.escape(refusal)}</div>" if refusal else ""
    return line(parts) + _outcome_html(snapshot) + refused


def bars_html(snapshot: Snapshot) -> str:
    """The bars inside a job's own, indented as they are nested; empty where there are none, or the job is over."""
    placed = [] if snapshot.status.terminal else caption.in_order(snapshot.bars)
    rows = "".join(_bar_html(bar, depth) for bar, depth in placed[:_BARS_SHOWN])
    more = len(placed) - _BARS_SHOWN
    return rows + (f"<small>and {more} more</small>" if more > 0 else "") if len(placed) > 1 else ""


def _bar_html(bar: Bar, depth: int) -> str:
    known = bar.total is not None
    track = (
        f"<div style='width: 20%; height: 0.5em; background: #ddd'>"
        f"<div style='width: {bar.percent if known else 0}%; height: 100%; background: #90a4ae'></div></div>"
    )
    said = line([html.escape(text) for text in (bar.desc, count(bar.n, bar.total, bar.unit)) if text])
    indent = f"{min(depth, _DEPTH_MAX) * 1.5:g}em"
    return f"<div style='display: flex; align-items: center; gap: 0.5em; padding-left: {indent}'>{track}{said}</div>"


def _outcome_html(snapshot: Snapshot) -> str:
    if snapshot.status is Status.FAILED and snapshot.error is not None:
        why = html.escape(f"{snapshot.error.type}: {snapshot.error.detail}")
        return f"<div style='color: {RED}; white-space: pre-wrap'>{why}</div>"
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


def static_html(job_id: str, snapshot: Snapshot | None, problem: str, colour: str) -> str:
    """What is left of a bar; `problem` is what ended it before the job ended, `colour` any that CSS knows."""
    name = html.escape(job_id)
    trouble = f"<div style='color: {RED}'>{html.escape(problem)}</div>" if problem else ""
    if snapshot is None:
        return f"<div><b>{name}</b>{trouble}</div>"
    bar = (
        "<div style='width: 30%; height: 0.8em; background: #ddd'>"
        f"<div style='width: {caption.bar_percent(snapshot)}%; height: 100%; background: {colour}'></div></div>"
    )
    when = html.escape(f"{snapshot.task or 'job'} {job_id} as of {snapshot.updated_at or 'an unknown time'}")
    said = live_html(snapshot) + bars_html(snapshot) + _stand_html(snapshot)
    return f"<div>{bar}<div>{said}</div><small>{when}</small>{trouble}</div>"


def plain(job_id: str, snapshot: Snapshot | None, problem: str) -> str:
    """The same on one line, without markup."""
    if snapshot is None:
        return f"{job_id}: {problem or 'not seen'}"
    head = f"{snapshot.task or 'job'} {job_id}: {snapshot.status} {caption.percent(snapshot)}".rstrip()
    parts = [head, *_words(snapshot), *caption.facts(snapshot), _stand(snapshot)]
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


def _words(snapshot: Snapshot) -> tuple[str, str]:
    """What the job says of itself; of a failed one what failed, too."""
    return caption.headline(snapshot), caption.last_words(snapshot)


def _stand(snapshot: Snapshot) -> str:
    """What became of a job that neither finished nor failed, in a sentence for whoever reads it later."""
    if snapshot.status is Status.CANCELED:
        return "This job was canceled. It kept the progress it had reached."
    if snapshot.status is Status.PAUSED:
        since = caption.paused_since(snapshot)
        return f"This job was paused{f' since {since}' if since else ''}, and not over yet."
    return ""


def _stand_html(snapshot: Snapshot) -> str:
    sentence = _stand(snapshot)
    return f"<div>{html.escape(sentence)}</div>" if sentence else ""


def line(parts: list[str]) -> str:
    """Parts of HTML, one beside the other."""
    return " · ".join(parts)
