"""`live_chart`: what a job measures, as a figure that grows."""

import html
import json
import time
from typing import Any

from headway.client import Client
from headway.errors import HeadwayError
from headway.keys import check_job_id
from headway.notebook.feed import feed_of
from headway.notebook.handle import Handle
from headway.notebook.output import Output
from headway.notebook.watching import default_client
from headway.snapshot import Snapshot

_PLOTLY = "application/vnd.plotly.v1+json"
#: At most so often the figure is drawn anew, in seconds: each drawing sends all its points.
_REDRAW_S = 1.0
#: As many points a measure has; beyond, every other one is left out.
_POINTS_MAX = 1_000

Points = list[tuple[float, float]]


class Chart:
    """A job's metrics over its active seconds, in the output of the cell that made it."""

    def __init__(self, job_id: str, client: Client) -> None:
        self.job_id = job_id
        self._series: dict[str, Points] = {}
        self._latest: Snapshot | None = None
        self._drawn_at = 0.0
        self._dirty = False
        self._output = Output(self._forms())
        self._feed = feed_of(client)
        self._feed.follow(self)

    @property
    def series(self) -> dict[str, Points]:
        """(active seconds, value) by the measure's name, as far as they were seen."""
        return {name: list(points) for name, points in self._series.items()}

    def close(self) -> None:
        """Let the figure be as it is."""
        self._feed.leave(self)

    def take(self, snapshot: Snapshot | None, error: HeadwayError | None) -> None:
        """Be told by the feed."""
        if snapshot is not None:
            self._dirty = self._add(snapshot) or self._dirty or snapshot.status.terminal
            self._latest = snapshot
        ended = error is not None or (snapshot is not None and snapshot.status.terminal)
        if ended or time.monotonic() - self._drawn_at >= _REDRAW_S:
            self._draw()

    def tick(self, away_s: float) -> None:
        """Be told by the feed that a second has passed."""
        self._draw()

    def _add(self, snapshot: Snapshot) -> bool:
        """Take the latest values in; whether there were any new ones."""
        if self._latest is not None and snapshot.attempt != self._latest.attempt:
            self._series.clear()
        elif self._latest is not None and snapshot.metrics == self._latest.metrics:
            return False
        at_s = snapshot.elapsed_s or 0.0
        for name, value in snapshot.metrics.items():
            points = self._series.setdefault(name, [])
            if value is not None:
                points.append((at_s, float(value)))
            if len(points) > _POINTS_MAX:
                del points[1:-1:2]
        return True

    def _draw(self) -> None:
        if self._dirty:
            self._dirty = False
            self._drawn_at = time.monotonic()
            self._output.replace(self._forms())

    def _forms(self) -> dict[str, Any]:
        last = {name: points[-1][1] for name, points in self._series.items() if points}
        status = "not seen yet" if self._latest is None else self._latest.status
        when = "" if self._latest is None else f" as of {self._latest.updated_at}"
        said = f"{self.job_id}: {status}, {json.dumps(last)}{when}"
        return {"text/plain": said, "text/html": f"<pre>{html.escape(said)}</pre>", _PLOTLY: self._figure()}

    def _figure(self) -> dict[str, Any]:
        """A plotly figure as JSON: the front end draws it, so that the kernel need not have plotly."""
        traces = [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [at_s for at_s, _ in points],
                "y": [value for _, value in points],
            }
            for name, points in self._series.items()
        ]
        axis = {"title": {"text": "active seconds"}}
        layout = {"height": 320, "margin": {"t": 20, "r": 10}, "xaxis": axis, "showlegend": True}
        return {"data": traces, "layout": layout, "config": {"displayModeBar": False}}


def live_chart(job: str | Snapshot | Handle, *, client: Client | None = None) -> Chart:
    """Show what a job measures as a figure that grows while it runs; it begins with what is measured now.

    Args:
        job: a job id, or what `submit`, `run` or `watch` returned.
        client: None makes one from the settings for all of a kernel.

    Raises:
        InvalidJobId: no job can have this id.
    """
    job_id = job if isinstance(job, str) else job.job_id
    return Chart(check_job_id(job_id), client or default_client())
