"""The HTTP and WebSocket client of headway's API."""

from headway.client.aio_client import AsyncClient
from headway.client.aio_watch import AsyncWatch
from headway.client.answers import JobDetail, JobPage, LogLine, MetricSeries, Statuses, Upload
from headway.client.client import Client
from headway.client.many import ManyWatch, News
from headway.client.watch import Watch

__all__ = [
    "AsyncClient",
    "AsyncWatch",
    "Client",
    "JobDetail",
    "JobPage",
    "LogLine",
    "ManyWatch",
    "MetricSeries",
    "News",
    "Statuses",
    "Upload",
    "Watch",
]
