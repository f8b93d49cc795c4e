"""A job's log on its page, following it to its end."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from job_log import JobLog
from job_view import JobView
from live_region import live_region
from plain_text import plain

from headway.client.answers import LogLine
from headway.clock import parse_utc

_SLOT = "job_log"
_HEIGHT_PX = 320


def log_of(view: JobView) -> JobLog:
    """What this session has read of the log of the job that `view` shows."""
    log = st.session_state.get(_SLOT)
    if not isinstance(log, JobLog) or log.job is not view:
        log = st.session_state[_SLOT] = JobLog(view)
    return log


def live_log(log: JobLog) -> None:
    """Draw the log, newest line last, and keep it up to date."""
    live_region(log, _draw, key="live-log")


def as_text(lines: Iterable[LogLine], zone: ZoneInfo) -> str:
    """The lines with the time of each in this zone, and a line of its own where another attempt begins."""
    said = []
    attempt = 1
    for line in lines:
        if line.attempt != attempt:
            attempt = line.attempt
            said.append(f"── attempt {attempt} ──")
        said.append(f"{_time(line.at, zone)}  {line.line}")
    return "\n".join(said)


def reader_zone() -> ZoneInfo:
    """The time zone of the browser, UTC where it does not say."""
    return ZoneInfo(st.context.timezone or "UTC")


def _draw(log: JobLog) -> None:
    if log.job.unknown or log.job.snapshot is None:
        return
    st.subheader("Log")
    _draw_trouble(log)
    if log.lines:
        # The end stays in sight for whoever has not scrolled up.
        with st.container(height=_HEIGHT_PX, autoscroll=True, border=False, key="job-log"):
            st.code(as_text(log.lines, reader_zone()), language=None, wrap_lines=True)
    if log.answered:
        st.caption(summary(log))


def _draw_trouble(log: JobLog) -> None:
    if log.denied:
        st.warning(f"You may not see this log. {plain(log.problem)}", icon=":material/lock:")
    elif log.problem:
        known = " What is shown was read before." if log.lines else ""
        st.info(
            f"The log cannot be read now; this page goes on asking.{known} {plain(log.problem)}",
            icon=":material/cloud_off:",
        )


def summary(log: JobLog) -> str:
    """How much of the log is shown, in a sentence or two."""
    if not log.lines:
        return "Nothing was logged." if log.poll_after_s is None else "Nothing is logged yet."
    said = ["1 line." if log.seen == 1 else f"{log.seen:,} lines."]
    if log.seen > len(log.lines):
        said[0] = f"The last {len(log.lines):,} of {log.seen:,} lines."
    if log.dropped:
        said.append(f"{log.dropped:,} more did not fit and were dropped.")
    if log.more:
        said.append("Later ones are still being read.")
    return " ".join(said)


def _time(at: str, zone: ZoneInfo) -> str:
    with suppress(ValueError):
        return f"{datetime.fromtimestamp(parse_utc(at), zone):%H:%M:%S}"
    return at
