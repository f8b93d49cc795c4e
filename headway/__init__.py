"""headway: live progress, control and truth about jobs."""

from headway.changes import transitions
from headway.client import AsyncClient, Client
from headway.reporting import checkpoint, load_checkpoint, log, metric, phase, report, save_checkpoint, track
from headway.tasks import task
from headway.version import __version__

__all__ = [
    "AsyncClient",
    "Client",
    "__version__",
    "checkpoint",
    "load_checkpoint",
    "log",
    "metric",
    "phase",
    "report",
    "save_checkpoint",
    "task",
    "track",
    "transitions",
]
