"""headway: live progress, control and truth about jobs."""

from headway.client import Client
from headway.reporting import checkpoint, log, metric, phase, report, track
from headway.tasks import task
from headway.version import __version__

__all__ = ["Client", "__version__", "checkpoint", "log", "metric", "phase", "report", "task", "track"]
