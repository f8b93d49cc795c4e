"""headway: live progress, control and truth about jobs."""

from headway.client import AsyncClient, Client
from headway.reporting import checkpoint, log, metric, phase, report, track
from headway.tasks import task
from headway.version import __version__

__all__ = ["AsyncClient", "Client", "__version__", "checkpoint", "log", "metric", "phase", "report", "task", "track"]
