"""The card that shows how a job is doing: one element, so that a refresh is one message and nothing flickers.

What comes from the job travels as data and is put in place as text, so nothing in it can act as markup.
"""

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st
from job_view import JobView
from tab_title import silent_title

from headway import caption
from headway.clock import parse_utc
from headway.quantities import count, duration, rate
from headway.snapshot import Bar, Snapshot
from headway.status import ACTIVE_STATUSES, TERMINAL_STATUSES, Status

_HERE = Path(__file__).parent
_card = st.components.v2.component(
    "headway_job_card",
    html=(_HERE / "job_card.html").read_text(encoding="utf-8"),
    css="".join((_HERE / name).read_text(encoding="utf-8") for name in ("status.css", "job_card.css")),
    js=(_HERE / "job_card.js").read_text(encoding="utf-8"),
)


def draw_card(view: JobView) -> None:
    """Draw the last snapshot, or what is to be said while there is none."""
    data = {"notices": notices(view)} | (
        {} if view.snapshot is None else card(view.snapshot) | asked(view, view.snapshot) | hearing(view, view.snapshot)
    )
    _card(data=data, key="job-card")


def asked(view: JobView, snapshot: Snapshot) -> dict[str, Any]:
    """What somebody asked of the job and when, and when it gave way."""
    control = snapshot.control or view.asked
    if control is None:
        return {"asked": None}
    words = f"{control.requested.capitalize()} asked for" + (f" by {control.by}" if control.by else "")
    return {"asked": {"words": words, "at": control.at, "acknowledged_at": view.acknowledged_at}}


def hearing(view: JobView, snapshot: Snapshot) -> dict[str, Any]:
    """When the API last answered and when it is asked next, by which the browser knows what it shows to be old.

    The browser's own clock goes on where this server, too, has gone away. `drawn_at` makes it look at every drawing.
    """
    return {
        "problem": view.problem,
        "age_s": round(view.age_s, 1),
        "next_s": view.poll_after_s,
        "drawn_at": time.time(),
        "silent_title": silent_title(snapshot),
    }


def notices(view: JobView) -> list[str]:
    """What is not as it should be, in sentences."""
    snapshot = view.snapshot
    said = []
    if view.unknown:
        said.append(view.problem + ("" if view.poll_after_s is None else " If it is submitted later, it appears here."))
    elif view.problem and snapshot is None:
        said.append(f"The API gives no answer now; this page goes on asking. {view.problem}")
    if snapshot is None or snapshot.status in TERMINAL_STATUSES:
        return said
    if snapshot.stalled_since:
        said.append("No progress for longer than this task allows. The worker is alive.")
    return said


def card(snapshot: Snapshot) -> dict[str, Any]:
    """What the card shows of a snapshot, as JSON."""
    return {
        "job_id": snapshot.job_id,
        "heading": snapshot.task or "Job",
        "status": snapshot.status.value,
        "message": caption.headline(snapshot),
        "percent": percent(snapshot),
        "bars": nested_bars(snapshot),
        "facts": [{"label": label, "value": value} for label, value in facts(snapshot) if value],
        "still_s": still_s(snapshot),
        "times": [{"label": label, "at": at} for label, at in times(snapshot) if at],
        "last_words": caption.last_words(snapshot),
        "error": snapshot.error and snapshot.error.model_dump(mode="json"),
    }


def percent(snapshot: Snapshot) -> int | None:
    """0..100 for the bar; None while the total of a job under way is unknown."""
    return None if caption.unknown(snapshot) else caption.bar_percent(snapshot)


def nested_bars(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The bars below the main one, each after its parent.

    The only outer bar is the main one itself, and is left out unless its name is said nowhere else.
    """
    placed = caption.in_order(snapshot.bars)
    outer = [bar for bar, depth in placed if depth == 0]
    if len(outer) == 1 and (
        len(placed) == 1 or outer[0].desc in {"", caption.headline(snapshot)} or snapshot.status.terminal
    ):
        placed = [(bar, depth - 1) for bar, depth in placed[1:]]
    return [_bar(bar, depth, snapshot.status) for bar, depth in placed]


def facts(snapshot: Snapshot) -> list[tuple[str, str | None]]:
    """What the card lists, as (label, value); a None is left out."""
    waiting = snapshot.status is Status.QUEUED
    active = snapshot.status in ACTIVE_STATUSES
    place = None if snapshot.position is None else f"{snapshot.position + 1:,}"
    return [
        ("Done", _done(snapshot)),
        ("Rate", rate(snapshot.rate, snapshot.unit) if active and snapshot.rate is not None else None),
        ("Time left", caption.time_left(snapshot)),
        ("Ran for" if snapshot.status.terminal else "Running for", _duration(snapshot.elapsed_s)),
        ("Paused for", _duration(_paused_s(snapshot))),
        ("Place in queue", place if waiting else None),
        ("Expected wait", _duration(snapshot.wait_s) if waiting else None),
        ("Attempt", str(snapshot.attempt)),
        ("Queue", snapshot.queue if waiting else None),
        ("Worker", snapshot.worker),
    ]


def times(snapshot: Snapshot) -> list[tuple[str, str | None]]:
    """Moments in UTC, which the browser shows in its own time zone."""
    ended = snapshot.finished_at or (snapshot.updated_at if snapshot.status.terminal else None)
    return [
        ("Submitted", snapshot.created_at),
        ("Started", snapshot.started_at),
        ("Paused since", caption.paused_since(snapshot)),
        ("Ended", ended),
    ]


def still_s(snapshot: Snapshot) -> float | None:
    """Seconds that a job has stood still, over all its pauses, as of now; None for one that does not, or not known."""
    since = caption.paused_since(snapshot)
    if since is None:
        return None
    with suppress(ValueError):
        return round((snapshot.paused_s or 0) + max(time.time() - parse_utc(since), 0), 1)
    return None


def _paused_s(snapshot: Snapshot) -> float | None:
    still = still_s(snapshot)
    return snapshot.paused_s or None if still is None else still


def _done(snapshot: Snapshot) -> str | None:
    """How much is done; None where nobody has said, or where the message says the same."""
    if snapshot.n is None:
        return None
    done = count(snapshot.n, snapshot.total, snapshot.unit)
    return None if re.search(rf"(?<![\w.,]){re.escape(done)}(?!\w)", caption.headline(snapshot)) else done


def _duration(seconds: float | None) -> str | None:
    return None if seconds is None else duration(seconds)


def _bar(bar: Bar, depth: int, status: Status) -> dict[str, Any]:
    done = status is Status.FINISHED or (bar.total is not None and bar.n >= bar.total)
    unknown = bar.total is None and bar.fraction is None and status in ACTIVE_STATUSES
    return {
        "id": bar.id,
        "name": bar.desc or f"Bar {bar.id}",
        "depth": min(depth, 4),
        "percent": 100 if done else None if unknown else bar.percent,
        "count": count(bar.n, bar.total, bar.unit),
    }
