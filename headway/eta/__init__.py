"""When a job will be done: arithmetic on points that the caller measured, without a clock.

Times are active seconds: whoever takes the points leaves paused time out.
"""

from headway.eta.estimate import MAX_ETA_S, Eta, estimate
from headway.eta.forecast import Forecast
from headway.eta.past import Past, Run
from headway.eta.rate import Rate, RateMeter

__all__ = ["MAX_ETA_S", "Eta", "Forecast", "Past", "Rate", "RateMeter", "Run", "estimate"]
