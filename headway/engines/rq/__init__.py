"""RQ behind the seam: queues named `headway-<queue>`, JSON instead of pickle, one work-horse process a job."""

from headway.engines.rq.engine import RqEngine, engine
from headway.engines.rq.horse import run_job
from headway.engines.rq.worker import HeadwayWorker, work

__all__ = ["HeadwayWorker", "RqEngine", "engine", "run_job", "work"]
